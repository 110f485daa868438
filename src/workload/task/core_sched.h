// SPDX-License-Identifier: Apache-2.0
//
// Core scheduling cookies of other processes (PR_SCHED_CORE, Documentation/admin-guide/hw-vuln/core-scheduling.rst;
// CONFIG_SCHED_CORE, and a machine with SMT). Tasks with one cookie may share a core at a time, others not.
//
// The kernel only hands on the cookie of the caller, so whoever shares takes the cookie first. We never do: a child of
// ours takes it, hands it on and ends. All threads of a process get the cookie.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "base/result.h"

namespace ktstr {

// prctl(PR_SCHED_CORE, command, pid, scope, cookie): -1 with errno, or 0. Called in a child after fork(): it must not
// allocate. Tests put a kernel of their own in place.
using CoreSchedCall = int (*)(unsigned command, pid_t pid, unsigned scope, std::uint64_t* cookie);
int core_sched_prctl(unsigned command, pid_t pid, unsigned scope, std::uint64_t* cookie);

// A process that is gone is an Error with saved_errno() ESRCH. kUnsupported with the reason where the kernel or machine
// cannot. Where one process of several is refused, those before it have changed.

// One new cookie for all of them.
Status core_sched_create(const std::vector<int>& pids, CoreSchedCall call = core_sched_prctl);
// The cookie of `from` for all of them.
Status core_sched_share(int from, const std::vector<int>& pids, CoreSchedCall call = core_sched_prctl);
// No cookie for all of them: that of a task which has none, ours. kBusy where we have been given one.
Status core_sched_clear(const std::vector<int>& pids, CoreSchedCall call = core_sched_prctl);
// A number that is the same for tasks with the same cookie; 0: none.
Result<std::uint64_t> core_sched_cookie(int pid, CoreSchedCall call = core_sched_prctl);

}  // namespace ktstr
