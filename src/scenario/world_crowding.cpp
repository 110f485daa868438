// SPDX-License-Identifier: Apache-2.0
//
// The World's part that tells how crowded the scenario makes its CPUs (crowding.h), after each definition and op: what
// checks of waiting allow for is the worst of it.
#include <algorithm>
#include <charconv>

#include "scenario/world.h"

namespace ktstr {

namespace {

constexpr double kIdleRatio = 1024.0 / 3;  // a task of SCHED_IDLE beside one of nice 0: WEIGHT_IDLEPRIO, kernel/sched
constexpr double kRealtimeRatio = 20;      // what real-time tasks leave: kernel.sched_rt_runtime_us, 95% by default

}  // namespace

void World::note_limits(const std::string& group, const KnobSetting& setting) {
  for_each_scope([&](Scope& scope) {
    LiveCgroup* const live = scope.find(group);
    if (live == nullptr) return;
    if (setting.knob == Knob::kCpuMax && !setting.value.starts_with("max")) live->has_quota = true;
    if (setting.knob == Knob::kCpuIdle && setting.value != "0") live->weight = 1;
    if (setting.knob != Knob::kCpuWeight) return;
    int weight = 100;
    std::from_chars(setting.value.data(), setting.value.data() + setting.value.size(), weight);
    live->weight = std::clamp(weight, 1, live->weight);
    live->heaviest_weight = std::max(live->heaviest_weight, weight);
  });
}

CpuSet World::online_cpus() {
  bool changed = false;
  for_each_scope([&](Scope& scope) { changed = changed || !scope.machine().empty(); });
  if (!changed) return ctx_.topology().cpus;
  return backdrop_.machine().online().value_or(ctx_.topology().cpus);
}

// A cgroup has what the one above it has, unless it has its own.
CrowdMember World::member_of(const std::string& cgroup, const CpuSet& online) {
  CrowdMember member{.cgroup = cgroup, .cpus = online};
  bool bounded = false;
  for (std::string name = cgroup; !name.empty(); name = parent_of(name)) {
    const auto found = find(name);
    if (!found) continue;
    const LiveCgroup& group = *found->group;
    if (group.cpuset && !std::exchange(bounded, true)) member.cpus = group.cpuset->intersection(online);
    member.weight = std::min(member.weight, group.weight);
    member.heaviest = std::max(member.heaviest, group.heaviest_weight);
  }
  // All of its CPUs are offline: the kernel gives it those of the cgroup above.
  if (member.cpus.empty()) member.cpus = online;
  return member;
}

void World::note_crowding() {
  const CpuSet online = online_cpus();
  int lowest_nice = 0;
  bool realtime = false;
  const auto each_set = [&](auto&& look) {
    for_each_scope([&](Scope& scope) {
      for (LiveCgroup& group : scope.live())
        for (const WorkerSet& set : group.sets) look(set);
    });
  };
  each_set([&](const WorkerSet& set) {
    lowest_nice = std::min(lowest_nice, set.lowest_nice);
    realtime = realtime || set.realtime;
  });
  std::vector<CrowdMember> members;
  std::vector<LiveCgroup*> groups;
  for_each_scope([&](Scope& scope) {
    for (LiveCgroup& group : scope.live()) {
      if (group.sets.empty()) continue;
      CrowdMember member = member_of(group.name, online);
      member.tasks = group.worker_count();
      for (const WorkerSet& set : group.sets) {
        const double ratio = nice_ratio(set.highest_nice, lowest_nice) * (set.idle ? kIdleRatio : 1) *
                             (realtime && !set.realtime ? kRealtimeRatio : 1);
        member.outweighed = std::max(member.outweighed, ratio);
        if (set.fewest_cpus > 0 && (member.fewest_cpus == 0 || set.fewest_cpus < member.fewest_cpus))
          member.fewest_cpus = set.fewest_cpus;
      }
      members.push_back(std::move(member));
      groups.push_back(&group);
    }
    // How many tasks a program has is not known: it is taken to want all CPUs that it may use.
    for (const LivePayload& payload : scope.payloads()) {
      CrowdMember member = member_of(payload.cgroup, online);
      member.tasks = static_cast<int>(member.cpus.size());
      members.push_back(std::move(member));
      groups.push_back(nullptr);
    }
  });
  const std::vector<double> crowded = crowding(members);
  for (std::size_t i = 0; i < groups.size(); ++i)
    if (groups[i] != nullptr) groups[i]->crowding = std::max(groups[i]->crowding, crowded[i]);
}

}  // namespace ktstr
