// SPDX-License-Identifier: Apache-2.0
//
// Every canned scenario on a real kernel, under its own scheduler: a scheduler that is known to be good passes them
// all.
#include "ktstr/ktstr.h"
#include "observed.h"

using namespace ktstr;
using namespace std::chrono_literals;

namespace {

// A pass that says what it looked at, and leaves neither a cgroup nor a process.
Result<AssertResult> clean(Ctx& ctx, Result<AssertResult> (*scenario)(Ctx&)) {
  const std::string before = what_is_left(ctx);
  auto result = scenario(ctx);
  // A kernel can lack what a scenario is about; the skip says what.
  if (!result || result->skipped) return result;
  const std::string after = what_is_left(ctx);
  result->claim(after == before, fmt::format("nothing is left behind (before: {}; after: {})", before, after));
  result->claim(!result->cgroups.empty(), "its workers were judged");
  return result;
}

}  // namespace

KTSTR_TEST(canned_steady, {.topology = "1n2l2c1t", .duration = 500ms}) { return clean(ctx, scenarios::steady); }
KTSTR_TEST(canned_steady_llc, {.topology = "1n2l2c1t", .duration = 500ms}) { return clean(ctx, scenarios::steady_llc); }
KTSTR_TEST(canned_oversubscribed, {.topology = "1n2l2c1t", .duration = 1s}) {
  return clean(ctx, scenarios::oversubscribed);
}
KTSTR_TEST(canned_cpuset_apply, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::cpuset_apply);
}
KTSTR_TEST(canned_cpuset_clear, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::cpuset_clear);
}
KTSTR_TEST(canned_cpuset_resize, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::cpuset_resize);
}
KTSTR_TEST(canned_cpuset_partition, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::cpuset_partition);
}
KTSTR_TEST(canned_cgroup_add, {.topology = "1n2l2c1t", .duration = 1500ms}) {
  return clean(ctx, scenarios::cgroup_add);
}
KTSTR_TEST(canned_cgroup_remove, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::cgroup_remove);
}
KTSTR_TEST(canned_cgroup_kill, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::cgroup_kill);
}
KTSTR_TEST(canned_freeze_thaw, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::freeze_thaw);
}
KTSTR_TEST(canned_affinity_change, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::affinity_change);
}
KTSTR_TEST(canned_affinity_pinned, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::affinity_pinned);
}
KTSTR_TEST(canned_host_contention, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::host_contention);
}
KTSTR_TEST(canned_mixed_workloads, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::mixed_workloads);
}
KTSTR_TEST(canned_nested_steady, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::nested_steady);
}
KTSTR_TEST(canned_nested_task_move, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::nested_task_move);
}
KTSTR_TEST(canned_nice_changes, {.topology = "1n2l2c1t", .duration = 800ms}) {
  return clean(ctx, scenarios::nice_changes);
}
KTSTR_TEST(canned_uclamp, {.topology = "1n2l2c1t", .duration = 500ms}) { return clean(ctx, scenarios::uclamp); }
KTSTR_TEST(canned_signal_storm, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::signal_storm);
}
KTSTR_TEST(canned_weight_changes, {.topology = "1n2l2c1t", .duration = 800ms}) {
  return clean(ctx, scenarios::weight_changes);
}
KTSTR_TEST(canned_bandwidth_limits, {.topology = "1n2l2c1t", .duration = 1s}) {
  return clean(ctx, scenarios::bandwidth_limits);
}
KTSTR_TEST(canned_hotplug, {.topology = "1n2l2c1t", .duration = 500ms}) { return clean(ctx, scenarios::hotplug); }
KTSTR_TEST(canned_sysctl_change, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::sysctl_change);
}
KTSTR_TEST(canned_smt_toggle, {.topology = "1n1l2c2t", .duration = 800ms}) { return clean(ctx, scenarios::smt_toggle); }
KTSTR_TEST(canned_cookie_storm, {.topology = "1n1l2c2t", .duration = 800ms}) {
  return clean(ctx, scenarios::cookie_storm);
}
KTSTR_TEST(canned_core_sched, {.topology = "1n1l2c2t", .duration = 800ms}) { return clean(ctx, scenarios::core_sched); }
KTSTR_TEST(canned_few_beside_crowd, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::few_beside_crowd);
}
KTSTR_TEST(canned_idle_borrowers, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::idle_borrowers);
}
KTSTR_TEST(canned_cpuset_shrink, {.topology = "1n2l2c1t", .duration = 800ms}) {
  return clean(ctx, scenarios::cpuset_shrink);
}
KTSTR_TEST(canned_nested_quotas, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::nested_quotas);
}
KTSTR_TEST(canned_hotplug_storm, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::hotplug_storm);
}
KTSTR_TEST(canned_fork_storm, {.topology = "1n2l2c1t", .duration = 500ms}) { return clean(ctx, scenarios::fork_storm); }
KTSTR_TEST(canned_pinned_sleeper, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::pinned_sleeper);
}
KTSTR_TEST(canned_rt_hog, {.topology = "1n2l2c1t", .duration = 800ms}) { return clean(ctx, scenarios::rt_hog); }
KTSTR_TEST(canned_affinity_storm, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::affinity_storm);
}
KTSTR_TEST(canned_signal_flood, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::signal_flood);
}
KTSTR_TEST(canned_wide_fan_out, {.topology = "1n2l2c1t", .duration = 500ms}) {
  return clean(ctx, scenarios::wide_fan_out);
}
