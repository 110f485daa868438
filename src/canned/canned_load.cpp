// SPDX-License-Identifier: Apache-2.0
//
// Canned scenarios whose load stays as it is.
#include <fmt/format.h>

#include <algorithm>

#include "canned/canned_parts.h"
#include "ktstr/scenarios.h"

namespace ktstr::scenarios {

namespace {

using namespace std::chrono_literals;

constexpr int kCrowd = 32;
// SCX_SLICE_DFL (include/linux/sched/ext.h): how long a turn is that a scheduler does not think about.
constexpr std::chrono::milliseconds kLongTurn = 20ms;

// Even a scheduler that does nothing but hand out long turns, one after the other, passes; twice, for no scheduler
// queues all CPUs alike. Who shares a CPU with one worker more than others do is away for longer: that is arithmetic.
Checks with_queues(const Ctx& ctx, int workers) {
  Checks checks = without_spread(ctx);
  const int cpus = static_cast<int>(ctx.topology().cpus.size());
  const int queue = (workers + cpus - 1) / cpus;
  if (!checks.max_gap) checks.max_gap = std::max(checks.gap_limit(), 2 * queue * kLongTurn);
  return checks;
}

}  // namespace

Result<AssertResult> steady(Ctx& ctx) { return execute_defs(ctx, {plain_load("cg_0"), plain_load("cg_1")}); }

Result<AssertResult> steady_llc(Ctx& ctx) {
  const std::size_t llcs = ctx.topology().llcs.size();
  if (llcs < 2) return AssertResult::skip(fmt::format("cgroups by LLC need two LLCs; the machine has {}", llcs));
  std::vector<CgroupDef> defs;
  for (const TestTopology::Llc& llc : ctx.topology().llcs)
    defs.push_back(plain_load(fmt::format("llc_{}", llc.id)).cpuset(CpusetSpec::llc(llc.id)));
  return execute_defs(ctx, std::move(defs));
}

// Without the cpu controller a group is no group to the kernel's schedulers: its tasks would count as those of its
// parent.
Result<AssertResult> nested_steady(Ctx& ctx) {
  return execute_defs(
      ctx, {CgroupDef::named("outer").no_workers().cpu_weight(100), plain_load("outer/inner_0").cpu_weight(100),
            plain_load("outer/inner_1").cpu_weight(100), plain_load("beside").cpu_weight(100)});
}

Result<AssertResult> mixed_workloads(Ctx& ctx) {
  // Bursts are short against every duration that a test may have.
  return execute_defs(ctx, {CgroupDef::named("heavy").work_type(SpinWait{}),
                            CgroupDef::named("bursty").work_type(Bursty{.burst = 5ms, .sleep = 10ms}),
                            CgroupDef::named("yielding").work_type(YieldHeavy{})});
}

Result<AssertResult> oversubscribed(Ctx& ctx) {
  const auto crowd = [](const char* name) { return plain_load(name).workers(kCrowd).work_type(Mixed{}); };
  const Step step{.setup = {crowd("cg_0"), crowd("cg_1")}};
  return execute_steps_with(ctx, {step}, with_queues(ctx, 2 * kCrowd));
}

// Some CPUs have a worker of a cgroup and one from outside, others only the latter: their shares differ under every
// scheduler.
Result<AssertResult> host_contention(Ctx& ctx) {
  const int cpus = static_cast<int>(ctx.topology().cpus.size());
  const Backdrop backdrop{.ops = {Op::spawn_host({.workers = cpus})}};
  const Step step{.setup = {plain_load("cg_0"), plain_load("cg_1")}};
  return execute_scenario_with(ctx, backdrop, {step}, without_spread(ctx));
}

}  // namespace ktstr::scenarios
