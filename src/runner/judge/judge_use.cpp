// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/judge_use.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "workload/task/sched_class.h"

namespace ktstr {

namespace {

constexpr std::size_t kCgroupsNamed = 8;  // of those that the scheduler did not run

struct Seen {
  std::map<std::string, std::string> by_cgroup;  // classes of its workers; "" of none whose class is known
  std::string all;
  std::size_t workers = 0, on_ext = 0;
};

bool is_on_ext(std::string_view classes) { return classes.find("ext") != std::string_view::npos; }

Seen look_at(const GuestStory& story) {
  Seen seen;
  for (const auto& worker : story.workers) {
    add_sched_class(seen.by_cgroup[worker.cgroup], worker.sched_class);
    add_sched_class(seen.all, worker.sched_class);
    ++seen.workers;
    if (is_on_ext(worker.sched_class)) ++seen.on_ext;
  }
  return seen;
}

std::string not_used(const std::string& ops, const Seen& seen) {
  std::string why;
  if (seen.all == "fair")
    why =
        "; it takes only tasks of the policy SCHED_EXT (SCX_OPS_SWITCH_PARTIAL): give the workers policy = \"ext\", or "
        "start the scheduler so that it takes all";
  else if (seen.all.find("fair") == std::string::npos)
    why = "; the kernel runs such tasks before those of any sched_ext scheduler";
  return fmt::format(
      "the scheduler{} was enabled and ran none of the workers: {} in class {}{}. [checks] scheduler_used = false says "
      "that this is meant",
      ops.empty() ? "" : " '" + ops + "'", seen.workers, seen.all, why);
}

// "rt_0 (rt), low (fair)"
std::string cgroups_not_used(const Seen& seen) {
  std::string names;
  std::size_t count = 0;
  for (const auto& [cgroup, classes] : seen.by_cgroup) {
    if (classes.empty() || is_on_ext(classes)) continue;
    if (++count > kCgroupsNamed) continue;
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", cgroup.empty() ? "outside of the cgroups" : cgroup,
                         classes);
  }
  if (count > kCgroupsNamed) names += fmt::format(" and {} more", count - kCgroupsNamed);
  return names;
}

Detail detail_of(Verdict verdict, DetailKind kind, std::string message) {
  return {.verdict = verdict, .kind = kind, .message = std::move(message)};
}

}  // namespace

void judge_use(const RunRequest& request, const GuestStory& story, RunRecord& record) {
  if (!request.has_scheduler() || !request.settings.checks.scheduler_used_on()) return;
  bool any_attached = false, any_exited = false;
  for (std::size_t i = 0; i < story.schedulers.size(); ++i) {
    any_attached = any_attached || story.schedulers[i].attached;
    any_exited = any_exited || story.schedulers[i].exited;
  }
  // One that ended has a finding of its own where that is judged, and the workers that started later were nobody's.
  if (!any_attached || (any_exited && request.settings.checks.scheduler_attached_on())) return;
  const Seen seen = look_at(story);
  if (seen.workers == 0) return;
  if (seen.all.empty()) {
    record.details.push_back(detail_of(Verdict::kPass, DetailKind::kNote,
                                       "whether the scheduler ran the workers is not known: the kernel "
                                       "does not report their class (no /proc/PID/sched)"));
    return;
  }
  record.checked.push_back({fmt::format("scheduler_used: it ran {} of {} workers", seen.on_ext, seen.workers)});
  if (seen.on_ext == 0) {
    record.details.push_back(
        detail_of(Verdict::kInconclusive, DetailKind::kSchedulerNotUsed, not_used(record.scheduler().ops, seen)));
    return;
  }
  if (const std::string others = cgroups_not_used(seen); !others.empty())
    record.details.push_back(
        detail_of(Verdict::kPass, DetailKind::kNote, "the scheduler did not run the workers of: " + others));
}

}  // namespace ktstr
