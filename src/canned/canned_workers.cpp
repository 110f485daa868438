// SPDX-License-Identifier: Apache-2.0
//
// Canned scenarios that change what workers may do and what they count. All of it decides which of them waits for
// longer, so that spread is not judged.
#include <fmt/format.h>

#include <algorithm>

#include "base/text/error_line.h"
#include "canned/canned.h"
#include "canned/canned_parts.h"
#include "ktstr/scenarios.h"

namespace ktstr {

namespace {

Result<AssertResult> with_cookies(Ctx& ctx, CoreSchedCall call, const std::vector<Step>& steps) {
  if (const auto cookie = core_sched_cookie(0, call); !cookie && !is_for_elsewhere(ctx))
    return AssertResult::skip("no core scheduling here: " + in_one_line(cookie.error()));
  const Backdrop backdrop{.cgroups = {full_load("cg_0"), full_load("cg_1")}};
  return execute_scenario_with(ctx, backdrop, steps, without_spread(ctx));
}

}  // namespace

Result<AssertResult> run_core_sched(Ctx& ctx, CoreSchedCall call) {
  return with_cookies(ctx, call,
                      {phase(0.25), phase(0.25, {Op::core_sched_create("cg_0"), Op::core_sched_create("cg_1")}),
                       phase(0.25, {Op::core_sched_share("cg_0", "cg_1")}),
                       phase(0.25, {Op::core_sched_clear("cg_0"), Op::core_sched_clear("cg_1")})});
}

Result<AssertResult> run_cookie_storm(Ctx& ctx, CoreSchedCall call) {
  constexpr int kRounds = 8;
  std::vector<Step> steps;
  for (int round = 0; round < kRounds; ++round) {
    steps.push_back(phase(1.0 / (2 * kRounds), {Op::core_sched_create("cg_0"), Op::core_sched_create("cg_1")}));
    steps.push_back(phase(1.0 / (2 * kRounds), {Op::core_sched_share("cg_0", "cg_1"), Op::core_sched_clear("cg_0")}));
  }
  return with_cookies(ctx, call, steps);
}

namespace scenarios {

Result<AssertResult> affinity_change(Ctx& ctx) {
  const int half = std::max(1, static_cast<int>(ctx.topology().cpus.size()) / 2);
  const std::vector<Op> anew = {Op::set_affinity("cg_0", AffinityIntent::random_subset(half)),
                                Op::set_affinity("cg_1", AffinityIntent::random_subset(half))};
  const Backdrop backdrop{.cgroups = {plain_load("cg_0"), plain_load("cg_1")}};
  return execute_scenario_with(ctx, backdrop,
                               {phase(0.2), phase(0.2, anew), phase(0.2, anew), phase(0.2, anew), phase(0.2, anew)},
                               without_spread(ctx));
}

Result<AssertResult> affinity_pinned(Ctx& ctx) {
  const CpuSet& cpus = ctx.topology().cpus;
  if (cpus.size() < 2) return AssertResult::skip("a mask of two CPUs needs two; the machine has 1");
  const Step step{.setup = {plain_load("pinned").workers(2).affinity(AffinityIntent::exact(part_of(cpus, 0, 2))),
                            plain_load("free")}};
  return execute_steps_with(ctx, {step}, without_spread(ctx));
}

// 5 against -5 is a share of one in ten: no gap that a check would take for a stall, as with the extremes.
Result<AssertResult> nice_changes(Ctx& ctx) {
  const auto set = [](int first, int second) {
    return std::vector{Op::set_nice("cg_0", first), Op::set_nice("cg_1", second)};
  };
  const Backdrop backdrop{.cgroups = {full_load("cg_0"), full_load("cg_1")}};
  return execute_scenario_with(ctx, backdrop,
                               {phase(0.25), phase(0.25, set(5, -5)), phase(0.25, set(-5, 5)), phase(0.25, set(0, 0))},
                               without_spread(ctx));
}

Result<AssertResult> uclamp(Ctx& ctx) {
  const auto file = machine_root(ctx) / "proc/sys/kernel/sched_util_clamp_max";
  if (std::error_code error; !is_for_elsewhere(ctx) && !std::filesystem::exists(file, error))
    return AssertResult::skip(fmt::format("the kernel lacks CONFIG_UCLAMP_TASK: there is no {}", file.string()));
  const auto clamp = [](const char* raised, const char* capped) {
    return std::vector{Op::set_uclamp(raised, 512, 1024), Op::set_uclamp(capped, 0, 256)};
  };
  const Backdrop backdrop{.cgroups = {plain_load("cg_0"), plain_load("cg_1")}};
  return execute_scenario_with(ctx, backdrop,
                               {phase(0.25), phase(0.25, clamp("cg_0", "cg_1")), phase(0.25, clamp("cg_1", "cg_0")),
                                phase(0.25, {Op::set_uclamp("cg_0", 0, 1024), Op::set_uclamp("cg_1", 0, 1024)})},
                               without_spread(ctx));
}

// How long a worker is stopped is left out of what is judged, but who gets the CPU when all go on is chance.
Result<AssertResult> signal_storm(Ctx& ctx) {
  constexpr int kStops = 25;
  const auto interval = std::max<std::chrono::nanoseconds>(ctx.duration() / 4 / kStops, std::chrono::nanoseconds(2));
  const Backdrop backdrop{.cgroups = {plain_load("stormed"), plain_load("beside")}};
  return execute_scenario_with(
      ctx, backdrop, {phase(0.25), phase(0.5, {Op::signal_storm("stormed", kStops, interval)})}, without_spread(ctx));
}

Result<AssertResult> core_sched(Ctx& ctx) { return run_core_sched(ctx, core_sched_prctl); }
Result<AssertResult> cookie_storm(Ctx& ctx) { return run_cookie_storm(ctx, core_sched_prctl); }

}  // namespace scenarios

}  // namespace ktstr
