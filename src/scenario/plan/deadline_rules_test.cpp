// SPDX-License-Identifier: Apache-2.0
#include "scenario/plan/deadline_rules.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

ScenarioPlan with(std::vector<WorkSpec> work, std::vector<Op> ops = {}) {
  ScenarioPlan plan;
  plan.steps.push_back({.cgroups = {{.name = "a", .work = std::move(work)}}, .ops = std::move(ops)});
  return plan;
}
WorkSpec workers(int count, Nanoseconds runtime, Nanoseconds period) {
  return {.workers = count, .policy = SchedPolicy::deadline_of(runtime, period, period)};
}

TEST(DeadlineRules, TakeWhatTheKernelGrants) {
  EXPECT_THAT(check_deadlines(with({workers(2, 95ms, 100ms)}), 2), IsEmpty());
  EXPECT_THAT(check_deadlines(with({workers(1, 1024ns, 100us), workers(1, 1ms, 4194304us)}), 1), IsEmpty());
}

TEST(DeadlineRules, RefusePeriodsOutsideOfTheKernelsLimits) {
  for (const Nanoseconds period : {Nanoseconds(99'999), Nanoseconds(4194305us)}) {
    const auto mistakes = check_deadlines(with({workers(1, 1024ns, period)}), 2);
    ASSERT_EQ(mistakes.size(), 1u);
    EXPECT_THAT(mistakes[0].message, HasSubstr("the kernel takes periods from 100us to"));
    EXPECT_EQ(mistakes[0].at, (Place{1, Place::Part::kCgroup, 0}));
    EXPECT_THAT(check_deadlines(with({workers(1, 1024ns, period)},
                                     {Op::write_sysctl("kernel.sched_deadline_period_max_us", "10000000")}),
                                2),
                IsEmpty())
        << "the scenario changes the limit";
  }
}

TEST(DeadlineRules, RefuseMoreThanAllCpusCanGive) {
  const auto mistakes = check_deadlines(with({workers(1, 95ms, 100ms), workers(1, 96ms, 100ms)}), 2);
  ASSERT_EQ(mistakes.size(), 1u);
  EXPECT_THAT(mistakes[0].message,
              HasSubstr("cgroup 'a': its deadline workers ask for 1.91 CPUs, and the kernel grants "
                        "all of them 1.90"));
  const auto spawned = check_deadlines(with({}, {Op::spawn_workers("a", workers(3, 9ms, 10ms))}), 2);
  ASSERT_EQ(spawned.size(), 1u);
  EXPECT_EQ(spawned[0].at, (Place{1, Place::Part::kOp, 0}));
}

}  // namespace
}  // namespace ktstr
