// SPDX-License-Identifier: Apache-2.0
#include "canned/canned.h"

#include <algorithm>

namespace ktstr {

namespace {

constexpr std::string_view kTwoLlcs = "1n2l2c1t", kSmt = "1n1l2c2t";

constexpr CannedScenario kScenarios[] = {
    {"steady", "two cgroups of steady load", kTwoLlcs, scenarios::steady},
    {"steady_llc", "a cgroup on each LLC", kTwoLlcs, scenarios::steady_llc},
    {"oversubscribed", "two cgroups of 32 mixed workers each", kTwoLlcs, scenarios::oversubscribed},
    {"cpuset_apply", "two cgroups are bound to a half of the CPUs each", kTwoLlcs, scenarios::cpuset_apply},
    {"cpuset_clear", "two bound cgroups may run anywhere again", kTwoLlcs, scenarios::cpuset_clear},
    {"cpuset_resize", "the border between two cpusets moves twice", kTwoLlcs, scenarios::cpuset_resize},
    {"cgroup_add", "two cgroups are joined by two more", kTwoLlcs, scenarios::cgroup_add},
    {"cgroup_remove", "two of four cgroups end", kTwoLlcs, scenarios::cgroup_remove},
    {"affinity_change", "workers are pinned at random, four times anew", kTwoLlcs, scenarios::affinity_change},
    {"affinity_pinned", "two workers pinned to the same two CPUs", kTwoLlcs, scenarios::affinity_pinned},
    {"host_contention", "two cgroups against a worker a CPU outside", kTwoLlcs, scenarios::host_contention},
    {"mixed_workloads", "spinning, bursty and yielding workers", kTwoLlcs, scenarios::mixed_workloads},
    {"nested_steady", "cgroups inside of a cgroup, and one beside it", kTwoLlcs, scenarios::nested_steady},
    {"nested_task_move", "workers move between nested cgroups", kTwoLlcs, scenarios::nested_task_move},
    {"hotplug", "CPUs go off- and online under load", kTwoLlcs, scenarios::hotplug},
    {"smt_toggle", "SMT off and on under load", kSmt, scenarios::smt_toggle},
    {"core_sched", "core scheduling cookies: two, one, none", kSmt, scenarios::core_sched},
    {"uclamp", "utilisation clamps of workers change", kTwoLlcs, scenarios::uclamp},
    {"nice_changes", "nice values of two busy cgroups change", kTwoLlcs, scenarios::nice_changes},
    {"weight_changes", "cpu.weight of two busy cgroups changes", kTwoLlcs, scenarios::weight_changes},
    {"bandwidth_limits", "a CPU quota with burst, a smaller one, none", kTwoLlcs, scenarios::bandwidth_limits},
    {"freeze_thaw", "one cgroup after the other is frozen and thawed", kTwoLlcs, scenarios::freeze_thaw},
    {"signal_storm", "a cgroup's workers are stopped and continued 25 times", kTwoLlcs, scenarios::signal_storm},
    {"cgroup_kill", "a cgroup's workers are killed, new ones start", kTwoLlcs, scenarios::cgroup_kill},
    {"sysctl_change", "sysctls of the scheduler change and are put back", kTwoLlcs, scenarios::sysctl_change},
    {"cpuset_partition", "a cgroup's CPUs become a partition, isolated, and shared again", kTwoLlcs,
     scenarios::cpuset_partition},
    {"few_beside_crowd", "two periodic tasks beside a crowd of the same weight", kTwoLlcs, scenarios::few_beside_crowd},
    {"idle_borrowers", "SCHED_IDLE hogs take the time between bursts", kTwoLlcs, scenarios::idle_borrowers},
    {"cpuset_shrink", "a busy cgroup's cpuset shrinks to one CPU and grows", kTwoLlcs, scenarios::cpuset_shrink},
    {"nested_quotas", "a tight quota inside of another", kTwoLlcs, scenarios::nested_quotas},
    {"hotplug_storm", "a CPU goes off- and online six times", kTwoLlcs, scenarios::hotplug_storm},
    {"fork_storm", "forks all the time, and moves between cgroups", kTwoLlcs, scenarios::fork_storm},
    {"pinned_sleeper", "a task that wakes often, pinned beside a hog", kTwoLlcs, scenarios::pinned_sleeper},
    {"cookie_storm", "core scheduling cookies change 16 times", kSmt, scenarios::cookie_storm},
    {"rt_hog", "a real-time hog takes a CPU from the others", kTwoLlcs, scenarios::rt_hog},
    {"affinity_storm", "workers that must run elsewhere all the time", kTwoLlcs, scenarios::affinity_storm},
    {"signal_flood", "pairs that interrupt each other", kTwoLlcs, scenarios::signal_flood},
    {"wide_fan_out", "one wakes a worker on each other CPU, over two nodes", "2n2l2c1t", scenarios::wide_fan_out},
};

}  // namespace

std::span<const CannedScenario> canned_scenarios() { return kScenarios; }

const CannedScenario* find_canned(std::string_view name) {
  const auto found = std::find_if(std::begin(kScenarios), std::end(kScenarios),
                                  [&](const CannedScenario& each) { return each.name == name; });
  return found == std::end(kScenarios) ? nullptr : found;
}

}  // namespace ktstr
