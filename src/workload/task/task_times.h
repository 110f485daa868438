// SPDX-License-Identifier: Apache-2.0
//
// What can be said of the times of a task without a task: WorkSpec::slice and timer_slack.
#pragma once

#include <chrono>
#include <optional>

#include "base/result.h"
#include "ktstr/work.h"

namespace ktstr {

// kInvalidArgument: not within 100 us and 100 ms, or a policy that has none.
Status check_slice(std::optional<std::chrono::nanoseconds> slice, const SchedPolicy& policy);
// kInvalidArgument: not within 1 ns and 1 s.
Status check_timer_slack(std::optional<std::chrono::nanoseconds> slack);

}  // namespace ktstr
