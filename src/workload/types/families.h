// SPDX-License-Identifier: Apache-2.0
//
// The families of work types, a file each. Their rows are those of the types that stand together in ktstr/work_types.h.
#pragma once

#include <vector>

#include "workload/types/work_type_row.h"

namespace ktstr {

std::vector<WorkTypeRow> busy_types();       // spin.cpp: never asleep, no memory
std::vector<WorkTypeRow> memory_types();     // memory.cpp: caches, page faults, NUMA nodes
std::vector<WorkTypeRow> sleeping_types();   // sleep.cpp: by time
std::vector<WorkTypeRow> pair_types();       // pairs.cpp: two that wake each other
std::vector<WorkTypeRow> fan_out_types();    // fan_out.cpp: one that wakes many, and chains
std::vector<WorkTypeRow> lock_types();       // locks.cpp: locks and queues
std::vector<WorkTypeRow> real_time_types();  // real_time.cpp: real-time tasks beside others
std::vector<WorkTypeRow> churn_types();      // churn.cpp: workers that change themselves
std::vector<WorkTypeRow> custom_types();     // custom.cpp: a loop of the test's own
std::vector<WorkTypeRow> replay_types();     // replay.cpp: recorded loads
std::vector<WorkTypeRow> schbench_types();   // schbench.cpp
std::vector<WorkTypeRow> cache_types();      // taobench.cpp
std::vector<WorkTypeRow> server_types();     // servers.cpp: what comes through queues
std::vector<WorkTypeRow> desktop_types();    // desktop.cpp: frames, sound, builds
std::vector<WorkTypeRow> disk_types();       // disk.cpp: waits for a disk
std::vector<WorkTypeRow> network_types();    // network.cpp: frames, and wake-ups from their softirq
std::vector<WorkTypeRow> moving_types();     // moving.cpp: workers that move others, or through cgroups

inline constexpr std::vector<WorkTypeRow> (*kFamilies[])() = {
    busy_types,      memory_types,  sleeping_types, pair_types,    fan_out_types,  lock_types,
    real_time_types, churn_types,   custom_types,   replay_types,  schbench_types, cache_types,
    server_types,    desktop_types, disk_types,     network_types, moving_types};

}  // namespace ktstr
