// SPDX-License-Identifier: Apache-2.0
#include "canned/canned_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "scenario/execution_state.h"
#include "scenario/executor_hooks.h"

namespace ktstr {

CgroupDef plain_load(const std::string& name) { return CgroupDef::named(name).swappable(true); }

CgroupDef full_load(const std::string& name) { return plain_load(name).workers_pct(1.0); }

Step phase(double share, std::vector<Op> ops) { return Step::with_ops(std::move(ops), HoldSpec::fraction(share)); }

Checks without_spread(const Ctx& ctx) {
  Checks checks = ctx.checks();
  if (!checks.max_spread_pct) checks.spread_off = true;
  return checks;
}

std::optional<AssertResult> without_cpus(const Ctx& ctx, std::size_t needed, std::string_view what) {
  const std::size_t cpus = ctx.topology().cpus.size();
  if (cpus >= needed) return {};
  return AssertResult::skip(fmt::format("{} need {} CPUs; the machine has {}", what, needed, cpus));
}

bool has_smt(const TestTopology& topology) {
  return std::any_of(topology.llcs.begin(), topology.llcs.end(), [](const TestTopology::Llc& llc) {
    return std::any_of(llc.cores.begin(), llc.cores.end(), [](const auto& core) { return core.threads.size() > 1; });
  });
}

std::filesystem::path machine_root(const Ctx& ctx) {
  const auto& hooks = ExecutionState::hooks(ctx);
  return hooks ? hooks->root : ExecutorHooks().root;
}

bool is_for_elsewhere(const Ctx& ctx) {
  const auto& hooks = ExecutionState::hooks(ctx);
  return hooks && hooks->instead;
}

CpuSet part_of(const CpuSet& cpus, std::size_t from, std::size_t to) {
  CpuSet part;
  std::size_t at = 0;
  for (const Cpu cpu : cpus) {
    if (at >= from && at < to) part.add(cpu);
    ++at;
  }
  return part;
}

}  // namespace ktstr
