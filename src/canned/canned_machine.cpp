// SPDX-License-Identifier: Apache-2.0
//
// Canned scenarios in which the machine itself changes. The executor puts it back at the end of each step. With CPUs
// that come and go, some workers share one and others do not, so that spread is not judged.
#include <algorithm>

#include "canned/canned_parts.h"
#include "ktstr/scenarios.h"

namespace ktstr::scenarios {

namespace {

struct Sysctl {
  const char* name;
  const char* file;
  const char* value;
};

// None of these values is a default.
constexpr Sysctl kSysctls[] = {
    {"kernel.sched_rt_runtime_us", "proc/sys/kernel/sched_rt_runtime_us", "900000"},
    {"kernel.sched_cfs_bandwidth_slice_us", "proc/sys/kernel/sched_cfs_bandwidth_slice_us", "3000"},
    {"kernel.sched_schedstats", "proc/sys/kernel/sched_schedstats", "1"},
};

}  // namespace

Result<AssertResult> hotplug(Ctx& ctx) {
  const CpuSet& cpus = ctx.topology().cpus;
  const std::size_t n = cpus.size();
  if (n < 2) return AssertResult::skip("CPU 0 stays online; the machine has 1 CPU");
  const Cpu last = *cpus.rbegin();
  std::vector<Op> several;
  for (const Cpu cpu : part_of(cpus, n - std::clamp<std::size_t>(n / 4, 1, 4), n))
    several.push_back(Op::cpu_offline(cpu));
  const Backdrop backdrop{
      .cgroups = {full_load("anywhere"), plain_load("on_the_last").cpuset(CpusetSpec::cpus({last}))}};
  return execute_scenario_with(ctx, backdrop,
                               {phase(0.2), phase(0.2, {Op::cpu_offline(last)}), phase(0.2), phase(0.2, several),
                                phase(0.2, {Op::cpu_offline(last), Op::cpu_online(last)})},
                               without_spread(ctx));
}

Result<AssertResult> smt_toggle(Ctx& ctx) {
  if (!has_smt(ctx.topology()))
    return AssertResult::skip("the machine has one thread a core: there is no SMT to toggle");
  const Backdrop backdrop{.cgroups = {full_load("cg_0"), plain_load("cg_1")}};
  return execute_scenario_with(
      ctx, backdrop,
      {phase(0.3), phase(0.35, {Op::set_smt(false)}), phase(0.35, {Op::set_smt(false), Op::set_smt(true)})},
      without_spread(ctx));
}

Result<AssertResult> sysctl_change(Ctx& ctx) {
  std::vector<Op> changes;
  for (const Sysctl& sysctl : kSysctls)
    if (std::error_code error; is_for_elsewhere(ctx) || std::filesystem::exists(machine_root(ctx) / sysctl.file, error))
      changes.push_back(Op::write_sysctl(sysctl.name, sysctl.value));
  if (changes.empty()) return AssertResult::skip("the kernel has none of the scheduler's sysctls that would change");
  const Backdrop backdrop{.cgroups = {full_load("cg_0"), full_load("cg_1")}};
  return execute_scenario_with(ctx, backdrop, {phase(0.3), phase(0.35, changes), phase(0.35)}, without_spread(ctx));
}

}  // namespace ktstr::scenarios
