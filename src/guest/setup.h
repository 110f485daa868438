// SPDX-License-Identifier: Apache-2.0
//
// What a bare kernel needs before anything can run on it: file systems, loopback, clock, random pool.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "base/bytes.h"
#include "base/result.h"

namespace ktstr::guest {

// proc, sysfs, devtmpfs, tmpfs, cgroup2, and what BPF programs look for (bpffs, debugfs, tracefs; missing ones are
// fine).
Status mount_file_systems();
Status bring_loopback_up();
// What enabling the first cpuset changes in the kernel's code (static keys) costs a run more than its cgroups do. A
// kernel without the controller goes without.
void enable_cpusets();
constexpr const char* kCgroupRoot = "/sys/fs/cgroup";
constexpr const char* kBodyGroup = "ktstr";  // below it, with all of the body's cgroups
// A kernel without a readable RTC starts in 1970, which confuses programs.
Status set_clock_if_unset();
// What the guest reads as random follows from the seed from here on.
Status seed_random_pool(std::uint64_t seed);
// The agent and the body run above all else (workload/task/priorities.h). The agent's children start as ordinary tasks;
// the body's keep its policy until the workload module has set them up and hands them over.
enum class Children { kOrdinary, kInherit };
Status become_realtime(int priority, Children children);
// Unpacks a delivery below `root`. `alive` is called every now and then: a large one takes seconds of host time, for
// which the guest must not be taken for dead.
Status unpack(ByteSpan archive, const char* root, const std::function<void()>& alive = {});

}  // namespace ktstr::guest
