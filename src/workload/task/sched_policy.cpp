// SPDX-License-Identifier: Apache-2.0
#include "base/text/duration.h"
#include "ktstr/work.h"
#include "workload/task/priorities.h"

namespace ktstr {

namespace {

using std::chrono::nanoseconds;
using Kind = SchedPolicy::Kind;

// sched_setattr(2): "the kernel's resolution", 1 << DL_SCALE in kernel/sched/sched.h.
constexpr nanoseconds kShortestRuntime{1024};
// What kernel.sched_deadline_period_max_us can be set to: 32 bits.
constexpr nanoseconds kLongestPeriod = std::chrono::microseconds(UINT32_MAX);

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::kNormal:
      return "normal";
    case Kind::kBatch:
      return "batch";
    case Kind::kIdle:
      return "idle";
    case Kind::kFifo:
      return "fifo";
    case Kind::kRr:
      return "rr";
    case Kind::kDeadline:
      return "deadline";
    case Kind::kExt:
      return "ext";
  }
  return "unknown";
}

bool is_real_time(Kind kind) { return kind == Kind::kFifo || kind == Kind::kRr; }

std::string show(nanoseconds time) {
  return time.count() < 0 ? fmt::format("{}ns", time.count()) : format_duration(time);
}

Status check_priority(const SchedPolicy& policy) {
  const char* const name = name_of(policy.kind);
  if (!is_real_time(policy.kind)) {
    if (policy.priority == 0) return ok();
    return fail(ErrorCode::kInvalidArgument,
                "policy {} has priority {}; only fifo and rr have one: write SchedPolicy::fifo({})", name,
                policy.priority, policy.priority);
  }
  if (policy.priority >= 1 && policy.priority <= kMostWorkerPriority) return ok();
  if (policy.priority > kMostWorkerPriority && policy.priority <= kAgentPriority)
    return fail(
        ErrorCode::kInvalidArgument,
        "policy {}: the test's body and the agent have the priorities {} and {}, and could not end workers that "
        "keep the CPUs from them; write at most {}",
        policy.describe(), kBodyPriority, kAgentPriority, kMostWorkerPriority);
  return fail(ErrorCode::kInvalidArgument,
              "policy {} has priority {}; write one from 1 (lowest) to {} (highest), like {}(50)", policy.describe(),
              policy.priority, kMostWorkerPriority, name);
}

Status check_times(const SchedPolicy& policy) {
  constexpr const char* kForm =
      "write a runtime, deadline and period with 1024 ns <= runtime <= deadline <= period, like 2ms, 10ms and 10ms";
  const auto wrong = [&](std::string_view what) {
    return fail(ErrorCode::kInvalidArgument, "policy {}: {}; {}", policy.describe(), what, kForm);
  };
  if (policy.kind != Kind::kDeadline) {
    if (policy.runtime.count() == 0 && policy.deadline.count() == 0 && policy.period.count() == 0) return ok();
    return fail(ErrorCode::kInvalidArgument, "policy {} has a runtime, deadline or period, which only deadline has; {}",
                policy.describe(), kForm);
  }
  if (policy.runtime < kShortestRuntime)
    return wrong(fmt::format("the runtime {} is shorter than 1024 ns", show(policy.runtime)));
  if (policy.runtime > policy.deadline)
    return wrong(
        fmt::format("the runtime {} is longer than the deadline {}", show(policy.runtime), show(policy.deadline)));
  if (policy.deadline > policy.period)
    return wrong(
        fmt::format("the deadline {} is longer than the period {}", show(policy.deadline), show(policy.period)));
  if (policy.period > kLongestPeriod)
    return wrong(fmt::format("the period {} is longer than {}", show(policy.period), show(kLongestPeriod)));
  return ok();
}

}  // namespace

Status SchedPolicy::validate() const {
  KTSTR_TRY(check_priority(*this));
  return check_times(*this);
}

std::string SchedPolicy::describe() const {
  if (is_real_time(kind)) return fmt::format("{}({})", name_of(kind), priority);
  if (kind == Kind::kDeadline) return fmt::format("deadline({}/{}/{})", show(runtime), show(deadline), show(period));
  return name_of(kind);
}

}  // namespace ktstr
