// SPDX-License-Identifier: Apache-2.0
//
// Host mode's monitor of stalled workers (host/stall_monitor.h) as the executor uses it: what it saw becomes failing
// details. Where the kernel does not let it see, the result says so once.
#pragma once

#include <vector>

#include "host/stall_monitor.h"
#include "ktstr/checks.h"
#include "scenario/executor_hooks.h"

namespace ktstr {

Detail stall_detail(const StallReport& report);

// Starts a monitor that lives as long as the hooks do, and sets `watch`, `unwatch` and `stalls`.
void watch_for_stalls(ExecutorHooks& hooks, StallMonitor::Options options = {});

}  // namespace ktstr
