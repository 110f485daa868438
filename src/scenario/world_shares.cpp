// SPDX-License-Identifier: Apache-2.0
//
// The World's part that tells what CPU time cgroups are entitled to, for the check of shares (assert/share_check.h):
// the weights as the kernel has them, and all in the scenario that leaves an entitlement undefined.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "scenario/ops/op_table.h"
#include "scenario/world.h"

namespace ktstr {

namespace {

bool has_running_workers(Scope& scope) {
  return std::any_of(scope.live().begin(), scope.live().end(), [](const LiveCgroup& group) {
    return std::any_of(group.sets.begin(), group.sets.end(), [](const WorkerSet& set) { return set.released; });
  });
}

// The group and those above it, without the root.
std::set<std::string> with_parents(const std::vector<ShareClient>& clients) {
  std::set<std::string> names;
  for (const ShareClient& client : clients)
    for (std::string name = client.cgroup; !name.empty(); name = parent_of(name)) names.insert(name);
  return names;
}

bool has_cpu_controller(const ScenarioPlan& plan, const std::string& group) {
  const auto enabled = plan.controllers.find(parent_of(group));
  return enabled != plan.controllers.end() &&
         std::find(enabled->second.begin(), enabled->second.end(), "cpu") != enabled->second.end();
}

// cpu.weight; an Error where its group is entitled to something else than what its weight says.
Result<int> read_weight(CgroupOps& cgroups, const std::string& group) {
  // A kernel without CONFIG_CFS_BANDWIDTH has no such file, and no quotas.
  if (const auto quota = cgroups.get(group, "cpu.max"); quota && !quota->starts_with("max"))
    return fail(ErrorCode::kUnsupported, "cgroup {} has a CPU quota", group);
  KTSTR_TRY_ASSIGN(const std::string text, cgroups.get(group, "cpu.weight"));
  int weight = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  if (error != std::errc() || end == text.data()) return fail(ErrorCode::kIo, "cpu.weight of {} is '{}'", group, text);
  if (weight == 0) return fail(ErrorCode::kUnsupported, "cgroup {} has cpu.idle", group);
  return weight;
}

}  // namespace

void World::leave_shares_undefined(const std::string& why) {
  for_each_scope([&](Scope& scope) { scope.leave_shares_undefined(why); });
}

void World::note_op(const Op& op) {
  if (row_of(op).effect == OpEffect::kLeavesSharesAlone) return;
  for_each_scope([&](Scope& scope) {
    if (has_running_workers(scope))
      scope.leave_shares_undefined(fmt::format("{} came while the workers ran", op.describe()));
  });
}

// The Backdrop's own compete with those of every step, each of which lasts for a part of the time.
void World::note_neighbours(const std::string& what) {
  if (!step_) return;
  backdrop_.leave_shares_undefined(fmt::format("{} of step {} ran beside them", what, number_));
  if (backdrop_.worker_count() > 0 || !backdrop_.payloads().empty())
    step_->leave_shares_undefined("the Backdrop's own ran beside them");
}

void World::judge_shares(Scope& scope) {
  if (scope.share_clients().empty()) return;
  ShareWindow window{.step = scope.step(), .why_undefined = scope.why_no_shares()};
  window.clients = std::move(scope.share_clients());
  CpuSet cpus = window.clients.front().cpuset.value_or(ctx_.topology().cpus);
  if (const auto online = scope.machine().online()) cpus = cpus.intersection(*online);
  window.cpus = static_cast<int>(cpus.size());
  // One cgroup alone shares with nobody.
  if (window.clients.size() > 1)
    for (const std::string& group : with_parents(window.clients)) {
      if (!has_cpu_controller(plan_, group)) continue;
      const auto weight = read_weight(cgroups(), group);
      if (weight)
        window.weights.push_back({group, *weight, {}});
      else if (window.why_undefined.empty())
        window.why_undefined = weight.error().message();
    }
  ktstr::judge_shares(window, findings_.checks, findings_.result);
}

}  // namespace ktstr
