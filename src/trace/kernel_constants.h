// SPDX-License-Identifier: Apache-2.0
//
// Numbers of the kernel that several readers of events need, and how much of a guest that invents things is kept.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ktstr {

// task_struct.__state, include/linux/sched.h
inline constexpr std::uint32_t kTaskDead = 0x80, kTaskIdle = 0x402;
// task_struct.prio: below it is real-time, below 0 deadline.
inline constexpr int kLeastFairPrio = 100;
// clone(2): CLONE_THREAD
inline constexpr std::uint64_t kCloneThread = 0x10000;
// kernel/sched/sched.h: SCA_MIGRATE_DISABLE and SCA_MIGRATE_ENABLE, which are not about where the task may run.
inline constexpr std::uint32_t kOfMigrationDisabled = 0x02 | 0x04;

// TraceEvent::unreadable of an enqueue: its class.
inline constexpr std::uint32_t kUnreadableClass = 1U << 2;

// A guest may say that there are more.
inline constexpr std::uint32_t kMostCpus = 512;
inline constexpr std::size_t kMostTasks = 200'000, kMostCgroups = 200'000;

}  // namespace ktstr
