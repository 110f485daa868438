// SPDX-License-Identifier: Apache-2.0
//
// Ops that change the scheduler, in tests in C++.
#include "ktstr/test.h"

using namespace ktstr;
using namespace std::chrono_literals;

namespace {

constexpr const char* kOther = KTSTR_FIXTURE_SCHEDULER " --slice-us 2000";

}  // namespace

// Whatever the test was started under.
KTSTR_TEST(ops_change_the_scheduler,
           {.topology = "1n1l2c1t", .staged_schedulers = {kOther}, .duration = 90ms, .checks = {.spread_off = true}}) {
  const int first = ctx.scheduler_pid();
  Backdrop backdrop;
  backdrop.push_cgroup(CgroupDef::named("load").workers(2));
  const Op attach = first != 0 ? Op::replace_scheduler(kOther) : Op::attach_scheduler(kOther);
  KTSTR_TRY_ASSIGN(AssertResult result, execute_scenario(ctx, backdrop,
                                                         {Step::holding(HoldSpec::fixed(30ms)),
                                                          Step::with_op(attach, HoldSpec::fixed(30ms))}));
  if (ctx.scheduler_pid() == 0 || ctx.scheduler_pid() == first)
    return fail(ErrorCode::kInternal, "the scheduler's pid was {}, and is {}", first, ctx.scheduler_pid());
  KTSTR_TRY_ASSIGN(const AssertResult ended,
                   execute_scenario(ctx, backdrop, {Step::with_op(Op::detach_scheduler(), HoldSpec::full())}));
  if (ctx.scheduler_pid() != 0) return fail(ErrorCode::kInternal, "there is still one, {}", ctx.scheduler_pid());
  result.details.insert(result.details.end(), ended.details.begin(), ended.details.end());
  return result;
}
