// SPDX-License-Identifier: Apache-2.0
//
// Core scheduling cookies of other processes (PR_SCHED_CORE, Documentation/admin-guide/hw-vuln/core-scheduling.rst;
// CONFIG_SCHED_CORE, and a machine with SMT). Tasks with one cookie may share a core at a time, others not.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"

namespace ktstr {

// One new cookie for all of them. kUnsupported with the reason where the kernel or machine cannot.
Status core_sched_create(const std::vector<int>& pids);
// The cookie of `from` for all of them.
Status core_sched_share(int from, const std::vector<int>& pids);
// No cookie for all of them.
Status core_sched_clear(const std::vector<int>& pids);
// 0: none.
Result<std::uint64_t> core_sched_cookie(int pid);

}  // namespace ktstr
