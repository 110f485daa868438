// SPDX-License-Identifier: Apache-2.0
//
// Canned scenarios that change how much of the CPUs a cgroup may have.
#include <fmt/format.h>

#include "canned/canned_parts.h"
#include "ktstr/scenarios.h"

namespace ktstr::scenarios {

namespace {

constexpr int kPeriodUs = 100'000;

// cpu.max of `percent` of a CPU for each of `workers`.
std::string quota_of(int percent, int workers) {
  return fmt::format("{} {}", percent * kPeriodUs / 100 * workers, kPeriodUs);
}

}  // namespace

// Which of a cgroup's workers shares its CPU with the heavier cgroup is up to the scheduler: a fair one may well keep a
// worker there.
Result<AssertResult> weight_changes(Ctx& ctx) {
  const auto set = [](int first, int second) {
    return std::vector{Op::set_weight("cg_0", first), Op::set_weight("cg_1", second)};
  };
  const Backdrop backdrop{.cgroups = {full_load("cg_0"), full_load("cg_1")}};
  return execute_scenario_with(
      ctx, backdrop, {phase(0.25), phase(0.25, set(400, 50)), phase(0.25, set(50, 400)), phase(0.25, set(100, 100))},
      without_spread(ctx));
}

// The quota grows with the workers: it is handed out in slices of some ms, and one that is smaller than a slice a
// worker would leave some of them without any for whole periods. Even so, whose CPU runs out first is chance, and that
// worker waits for the next period. A gap stays far below the default limit: it is less than a period.
Result<AssertResult> bandwidth_limits(Ctx& ctx) {
  const int workers = std::max(2, ctx.workers_per_cgroup());
  const auto quota = [&](int percent) { return Op::set_knob("limited", Knob::kCpuMax, quota_of(percent, workers)); };
  const auto burst = [&](int percent) {
    return Op::set_knob("limited", Knob::kCpuMaxBurst, std::to_string(percent * kPeriodUs / 100 * workers));
  };
  const Backdrop backdrop{.cgroups = {plain_load("limited").workers(workers), plain_load("free").workers(workers)}};
  // The kernel refuses a burst above the quota: it comes after, and goes before.
  return execute_scenario_with(ctx, backdrop,
                               {phase(0.2), phase(0.3, {quota(50), burst(20)}), phase(0.3, {burst(0), quota(25)}),
                                phase(0.2, {Op::set_knob("limited", Knob::kCpuMax, "max")})},
                               without_spread(ctx));
}

}  // namespace ktstr::scenarios
