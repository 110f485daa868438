// SPDX-License-Identifier: Apache-2.0
#include "ktstr/checks.h"

namespace ktstr {

Checks Checks::merged_with(const Checks& over) const {
  Checks merged = *this;
  if (over.progress) merged.progress = over.progress;
  if (over.isolation) merged.isolation = over.isolation;
  if (over.scheduler_attached) merged.scheduler_attached = over.scheduler_attached;
  if (over.scheduler_used) merged.scheduler_used = over.scheduler_used;
  if (over.kernel_log) merged.kernel_log = over.kernel_log;
  if (!over.kernel_log_allow.empty()) merged.kernel_log_allow = over.kernel_log_allow;
  if (over.share) merged.share = over.share;
  if (over.share_tolerance_pct) merged.share_tolerance_pct = over.share_tolerance_pct;
  if (over.max_idle) merged.max_idle = over.max_idle;
  if (over.max_wait) merged.max_wait = over.max_wait;
  if (over.max_starved) merged.max_starved = over.max_starved;
  if (over.max_slice) merged.max_slice = over.max_slice;
  if (over.max_moves) merged.max_moves = over.max_moves;
  if (over.weight_order) merged.weight_order = over.weight_order;
  if (over.weight_share) merged.weight_share = over.weight_share;
  if (over.bandwidth) merged.bandwidth = over.bandwidth;
  if (over.max_queue_depth) merged.max_queue_depth = over.max_queue_depth;
  if (over.max_gap) {
    merged.max_gap = over.max_gap;
    merged.gap_off = false;
  }
  if (over.max_spread_pct) {
    merged.max_spread_pct = over.max_spread_pct;
    merged.spread_off = false;
  }
  merged.gap_off = merged.gap_off || over.gap_off;
  merged.spread_off = merged.spread_off || over.spread_off;
  return merged;
}

std::vector<std::string> Checks::describe() const {
  std::vector<std::string> lines;
  if (progress_on()) lines.push_back("progress: every worker does at least one work unit");
  if (!gap_off) lines.push_back(fmt::format("gap: no worker away for more than {} ms", gap_limit().count()));
  if (!spread_off)
    lines.push_back(fmt::format("spread: off-CPU shares of equal workers differ by no more than {}%", spread_limit()));
  if (isolation_on()) lines.push_back("isolation: no worker runs outside its cpuset");
  lines.push_back("end: every worker and every cgroup is gone when it is ended");
  lines.push_back("died: no worker ends by itself");
  if (scheduler_attached_on()) lines.push_back("scheduler: attached from the start to the end");
  if (scheduler_used_on()) lines.push_back("scheduler_used: the scheduler runs the workers");
  if (kernel_log_on()) lines.push_back("kernel_log: no oops, warning, stall or new taint of the kernel");
  if (share_on()) lines.push_back("share: CPU time of cgroups by their weights");
  if (max_idle && max_idle->count() > 0)
    lines.push_back(
        fmt::format("work_conservation: no CPU idle for more than {} ms while a task waits that may run there",
                    idle_limit().count()));
  if (max_wait && max_wait->count() > 0)
    lines.push_back(fmt::format("wait_age: no task waits for a CPU for more than {} ms", max_wait->count()));
  if (max_starved && max_starved->count() > 0)
    lines.push_back(fmt::format("starvation: no task waits while one that is not above it runs for more than {} ms",
                                max_starved->count()));
  if (max_slice && max_slice->count() > 0)
    lines.push_back(fmt::format("max_slice: no task keeps a CPU for more than {} ms from one that waits for it",
                                max_slice->count()));
  if (max_moves && *max_moves > 0)
    lines.push_back(fmt::format("ping_pong: no task is moved without need more than {} times a second of its run time",
                                *max_moves));
  if (queue_limit() > 0)
    lines.push_back(fmt::format("queue_depth: no queue of a BPF scheduler holds more than {} tasks", queue_limit()));
  return lines;
}

}  // namespace ktstr
