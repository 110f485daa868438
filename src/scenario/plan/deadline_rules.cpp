// SPDX-License-Identifier: Apache-2.0
#include "scenario/plan/deadline_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text/duration.h"
#include "scenario/ops/op_table.h"

namespace ktstr {

namespace {

constexpr Nanoseconds kShortestPeriod = std::chrono::microseconds(100);
constexpr Nanoseconds kLongestPeriod = std::chrono::microseconds(1 << 22);
constexpr double kGranted = 0.95;  // kernel.sched_rt_runtime_us of kernel.sched_rt_period_us

class DeadlineRules {
 public:
  DeadlineRules(const ScenarioPlan& plan, int cpus) : cpus_(cpus) {
    for_each_step(plan, [&](int, const PlannedStep& step) {
      for (const Op& op : step.ops)
        if (const auto* o = std::get_if<op::WriteSysctl>(&op.kind())) {
          periods_ = periods_ && o->name.find("sched_deadline_period") == std::string::npos;
          share_ = share_ && o->name.find("sched_rt_") == std::string::npos;
        }
    });
    for_each_step(plan, [&](int number, const PlannedStep& step) { look_at(number, step); });
  }
  std::vector<PlanMistake> take() { return std::move(mistakes_); }

 private:
  template <typename F>
  static void for_each_step(const ScenarioPlan& plan, F&& f) {
    f(0, plan.backdrop);
    for (std::size_t i = 0; i < plan.steps.size(); ++i) f(static_cast<int>(i) + 1, plan.steps[i]);
  }

  void look_at(int number, const PlannedStep& step) {
    for (std::size_t i = 0; i < step.cgroups.size(); ++i) {
      const Place at{number, Place::Part::kCgroup, static_cast<int>(i)};
      check(at, fmt::format("cgroup '{}': ", step.cgroups[i].name), step.cgroups[i].work);
    }
    for (std::size_t i = 0; i < step.ops.size(); ++i) {
      const Place at{number, Place::Part::kOp, static_cast<int>(i)};
      const std::string where = fmt::format("{}: ", step.ops[i].name());
      for (const WorkSpec* work : values_of<WorkSpec>(step.ops[i])) check(at, where, {*work});
      for (const SchedPolicy* policy : values_of<SchedPolicy>(step.ops[i])) check(at, where, {{.policy = *policy}});
    }
  }

  void check(const Place& at, const std::string& where, const std::vector<WorkSpec>& work) {
    double share = 0;
    for (const WorkSpec& spec : work) {
      const SchedPolicy& policy = spec.policy;
      if (policy.kind != SchedPolicy::Kind::kDeadline || !policy.validate()) continue;
      if (periods_ && (policy.period < kShortestPeriod || policy.period > kLongestPeriod))
        mistakes_.push_back(
            {at,
             fmt::format("{}policy {}: the kernel takes periods from {} to {}; write others, or the "
                         "limit (write_sysctl kernel.sched_deadline_period_max_us)",
                         where, policy.describe(), format_duration(kShortestPeriod), format_duration(kLongestPeriod))});
      share += static_cast<double>(policy.runtime.count()) / static_cast<double>(policy.period.count()) * spec.workers;
    }
    if (share_ && share > kGranted * cpus_)
      mistakes_.push_back(
          {at,
           fmt::format("{}its deadline workers ask for {:.2f} CPUs, and the kernel grants all of them {:.2f}: 95% of "
                       "{} CPUs; have fewer workers, or less runtime",
                       where, share, kGranted * cpus_, cpus_)});
  }

  const int cpus_;
  bool periods_ = true, share_ = true;
  std::vector<PlanMistake> mistakes_;
};

}  // namespace

std::vector<PlanMistake> check_deadlines(const ScenarioPlan& plan, int cpus) {
  return DeadlineRules(plan, cpus).take();
}

}  // namespace ktstr
