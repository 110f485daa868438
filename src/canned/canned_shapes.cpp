// SPDX-License-Identifier: Apache-2.0
//
// Canned scenarios for the shapes of load at which schedulers go wrong. In all of them the load itself decides who
// waits for longer, so that spread is not judged.
#include <algorithm>

#include "canned/canned_parts.h"
#include "ktstr/scenarios.h"

namespace ktstr::scenarios {

namespace {

using namespace std::chrono_literals;

int cpu_count(const Ctx& ctx) { return static_cast<int>(ctx.topology().cpus.size()); }

CgroupDef only_on(CgroupDef def, const CpuSet& cpus) { return def.affinity(AffinityIntent::exact(cpus)); }

// Equal parts of the duration, each of which begins with the ops.
std::vector<Step> again_and_again(int times, const std::vector<Op>& ops) {
  std::vector<Step> steps;
  for (int i = 0; i < times; ++i) steps.push_back(phase(1.0 / times, ops));
  return steps;
}

}  // namespace

Result<AssertResult> few_beside_crowd(Ctx& ctx) {
  const Step step{.setup = {CgroupDef::named("few").workers(2).cpu_weight(100).work_type(
                                Periodic{.run = 2ms, .period = 10ms, .jitter = 1ms}),
                            plain_load("crowd").workers(4 * cpu_count(ctx)).cpu_weight(100)}};
  return execute_steps_with(ctx, {step}, without_spread(ctx));
}

Result<AssertResult> idle_borrowers(Ctx& ctx) {
  const Step step{.setup = {CgroupDef::named("wanted").workers_pct(1.0).work_type(Bursty{.burst = 3ms, .sleep = 7ms}),
                            full_load("borrowers").sched_policy(SchedPolicy::idle())}};
  return execute_steps_with(ctx, {step}, without_spread(ctx));
}

Result<AssertResult> cpuset_shrink(Ctx& ctx) {
  if (auto skipped = without_cpus(ctx, 2, "cpusets of several sizes")) return *std::move(skipped);
  const CpuSet& all = ctx.topology().cpus;
  const auto first = [&](std::size_t count) {
    return std::vector{Op::set_cpuset("shrinks", CpusetSpec::cpus(part_of(all, 0, count)))};
  };
  const Backdrop backdrop{.cgroups = {full_load("shrinks").cpuset(CpusetSpec::all()), plain_load("beside")}};
  return execute_scenario_with(ctx, backdrop,
                               {phase(0.2), phase(0.2, first(std::max<std::size_t>(1, all.size() / 2))),
                                phase(0.3, first(1)), phase(0.3, first(all.size()))},
                               without_spread(ctx));
}

Result<AssertResult> nested_quotas(Ctx& ctx) {
  const Step step{.setup = {CgroupDef::named("outer").no_workers().cpu_quota(60ms, 100ms),
                            plain_load("outer/tight").workers(2).cpu_quota(20ms, 50ms),
                            plain_load("outer/loose").workers(2).cpu_quota(50ms, 100ms), plain_load("beside")}};
  return execute_steps_with(ctx, {step}, without_spread(ctx));
}

Result<AssertResult> hotplug_storm(Ctx& ctx) {
  if (auto skipped = without_cpus(ctx, 2, "a CPU that goes and one that stays")) return *std::move(skipped);
  const Cpu last = *ctx.topology().cpus.rbegin();
  const std::vector<Op> off_and_on = {Op::cpu_offline(last), Op::cpu_online(last)};
  const Backdrop backdrop{
      .cgroups = {full_load("busy"), plain_load("wakes").work_type(Bursty{.burst = 1ms, .sleep = 2ms})}};
  return execute_scenario_with(ctx, backdrop, again_and_again(6, off_and_on), without_spread(ctx));
}

Result<AssertResult> fork_storm(Ctx& ctx) {
  const Backdrop backdrop{.cgroups = {CgroupDef::named("left").workers_pct(1.0).cpu_weight(100).work_type(ForkExit{}),
                                      plain_load("right").cpu_weight(100)}};
  const std::vector<Op> there = {Op::move_all_tasks("left", "right")};
  return execute_scenario_with(ctx, backdrop, {phase(0.4), phase(0.6, there)}, without_spread(ctx));
}

Result<AssertResult> pinned_sleeper(Ctx& ctx) {
  const CpuSet first = part_of(ctx.topology().cpus, 0, 1);
  const Step step{.setup = {only_on(CgroupDef::named("sleeper").work_type(TimerLatency{.interval = 5ms}), first),
                            only_on(plain_load("hog"), first), plain_load("elsewhere")}};
  return execute_steps_with(ctx, {step}, without_spread(ctx));
}

Result<AssertResult> rt_hog(Ctx& ctx) {
  if (auto skipped = without_cpus(ctx, 2, "a hog and the others")) return *std::move(skipped);
  const CpuSet& all = ctx.topology().cpus;
  const Backdrop backdrop{.cgroups = {plain_load("others").workers(cpu_count(ctx) - 1)}};
  const Step hog{.setup = {only_on(CgroupDef::named("hog").sched_policy(SchedPolicy::fifo(50)), part_of(all, 0, 1))},
                 .hold = HoldSpec::fraction(0.6)};
  return execute_scenario_with(ctx, backdrop, {phase(0.2), hog, phase(0.2)}, without_spread(ctx));
}

Result<AssertResult> affinity_storm(Ctx& ctx) {
  const Step step{
      .setup = {CgroupDef::named("wanders").workers_pct(1.0).work_type(AffinityChurn{}), plain_load("beside")}};
  return execute_steps_with(ctx, {step}, without_spread(ctx));
}

Result<AssertResult> signal_flood(Ctx& ctx) {
  const Step step{
      .setup = {CgroupDef::named("flood").workers(2 * std::max(1, cpu_count(ctx) / 2)).work_type(SignalStorm{}),
                plain_load("beside")}};
  return execute_steps_with(ctx, {step}, without_spread(ctx));
}

Result<AssertResult> wide_fan_out(Ctx& ctx) {
  const auto receivers = static_cast<std::uint32_t>(std::max(1, cpu_count(ctx) - 1));
  const Step step{
      .setup = {
          CgroupDef::named("fan").workers(static_cast<int>(receivers) + 1).work_type(FutexFanOut{.fan_out = receivers}),
          plain_load("beside")}};
  return execute_steps_with(ctx, {step}, without_spread(ctx));
}

}  // namespace ktstr::scenarios
