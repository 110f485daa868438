// SPDX-License-Identifier: Apache-2.0
//
// Canned scenarios whose cpusets change. Workers that are taken from their CPU, or are left with fewer, have waited for
// longer than others when a scheduler has done all it can, so that spread is not judged.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "canned/canned_parts.h"
#include "cgroup/cgroup_ops.h"
#include "ktstr/scenarios.h"

namespace ktstr::scenarios {

namespace {

// Both sides of a border at `share` of the usable CPUs, neither of them empty.
std::pair<CpusetSpec, CpusetSpec> sides_of(const Ctx& ctx, double share) {
  const CpuSet usable = ctx.topology().usable_cpus();
  const std::size_t n = usable.size();
  const auto border = std::clamp<std::size_t>(static_cast<std::size_t>(static_cast<double>(n) * share), 1, n - 1);
  return {CpusetSpec::cpus(part_of(usable, 0, border)), CpusetSpec::cpus(part_of(usable, border, n))};
}

std::vector<Op> move_border(const Ctx& ctx, double share) {
  auto [left, right] = sides_of(ctx, share);
  return {Op::set_cpuset("cg_0", std::move(left)), Op::set_cpuset("cg_1", std::move(right))};
}

Backdrop side_by_side(const Ctx& ctx) {
  auto [left, right] = sides_of(ctx, 0.5);
  return {.cgroups = {plain_load("cg_0").cpuset(std::move(left)), plain_load("cg_1").cpuset(std::move(right))}};
}

}  // namespace

Result<AssertResult> cpuset_apply(Ctx& ctx) {
  if (auto skipped = without_cpus(ctx, 2, "two cpusets")) return *std::move(skipped);
  const Backdrop backdrop{.cgroups = {plain_load("cg_0"), plain_load("cg_1")}};
  return execute_scenario_with(ctx, backdrop, {phase(0.5), phase(0.5, move_border(ctx, 0.5))}, without_spread(ctx));
}

Result<AssertResult> cpuset_clear(Ctx& ctx) {
  if (auto skipped = without_cpus(ctx, 2, "two cpusets")) return *std::move(skipped);
  return execute_scenario_with(ctx, side_by_side(ctx),
                               {phase(0.5), phase(0.5, {Op::clear_cpuset("cg_0"), Op::clear_cpuset("cg_1")})},
                               without_spread(ctx));
}

Result<AssertResult> cpuset_resize(Ctx& ctx) {
  // With three usable CPUs, which four make, each phase has another border.
  if (auto skipped = without_cpus(ctx, 4, "cpusets of different sizes")) return *std::move(skipped);
  return execute_scenario_with(ctx, side_by_side(ctx),
                               {phase(0.3), phase(0.35, move_border(ctx, 0.75)), phase(0.35, move_border(ctx, 0.25))},
                               without_spread(ctx));
}

Result<AssertResult> cpuset_partition(Ctx& ctx) {
  if (auto skipped = without_cpus(ctx, 2, "a partition and its rest")) return *std::move(skipped);
  KTSTR_TRY(ctx.cgroups().enable_controllers("", {"cpuset"}));
  if (const auto exclusive = ctx.cgroups().get("", "cpuset.cpus.exclusive"); !exclusive)
    return AssertResult::skip("partitions need cpuset.cpus.exclusive (Linux 6.7): " + exclusive.error().message());
  const CpuSet& all = ctx.topology().cpus;
  const CpuSet taken = part_of(all, all.size() - all.size() / 2, all.size());
  const auto become = [](const char* kind) {
    return std::vector{Op::set_knob("partition", Knob::kCpusetPartition, kind)};
  };
  const Backdrop backdrop{
      .cgroups = {plain_load("rest"), plain_load("partition").cpuset(CpusetSpec::cpus(taken)).cpuset_exclusive(taken)}};
  return execute_scenario_with(
      ctx, backdrop,
      {phase(0.25), phase(0.25, become("root")), phase(0.25, become("isolated")), phase(0.25, become("member"))},
      without_spread(ctx));
}

}  // namespace ktstr::scenarios
