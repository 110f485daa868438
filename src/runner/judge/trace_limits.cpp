// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/trace_limits.h"

#include <algorithm>
#include <chrono>

#include "workload/task/priorities.h"

namespace ktstr {

namespace {

using LimitMs = std::chrono::milliseconds;

constexpr LimitMs kMaxIdleOfKernel{1000}, kMaxStarvedOfKernel{1000};
// The slice of a quota that a CPU takes (5 ms), and the tick with which it notices that it is used up.
constexpr LimitMs kQuotaLate{15};
// Of SCHED_FIFO, whose task_struct.prio is 0.
constexpr int kMostPriority = 99;
constexpr int kMsPerCpu = 4;  // what a limit has at least on a wide machine, whose CPUs are slow

LimitMs of_all_cpus(const RunRequest& request) { return LimitMs(kMsPerCpu * request.settings.topology.cpus()); }

// The kernel's own scheduler looks for work elsewhere ever more seldom where it finds none that it may take: every
// 512 ms (MAX_PINNED_INTERVAL in kernel/sched/fair.c), and on wide machines every 2 ms a CPU.
LimitMs idle_limit(const RunRequest& request, bool kernels_own) {
  const Checks& checks = request.settings.checks;
  if (checks.max_idle || !kernels_own) return checks.idle_limit();
  return std::max(kMaxIdleOfKernel, of_all_cpus(request));
}

// What balances load late also leaves a task late where others get more.
LimitMs starved_limit(const RunRequest& request, bool kernels_own) {
  const Checks& checks = request.settings.checks;
  if (checks.max_starved) return *checks.max_starved;
  return std::max(kernels_own ? kMaxStarvedOfKernel : checks.starved_limit(), of_all_cpus(request));
}

LimitMs slice_limit(const RunRequest& request) {
  const Checks& checks = request.settings.checks;
  return checks.max_slice ? *checks.max_slice : std::max(checks.slice_limit(), of_all_cpus(request));
}

std::uint64_t limit_ns(LimitMs limit) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(limit.count(), 0)) * 1'000'000;
}

using Times = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

// While none is enabled, or one of them comes or goes, the kernel itself decides.
Times times_without(const GuestStory& story) {
  Times times;
  std::uint64_t from_ns = story.body_start_ns;
  for (std::size_t i = 0; i < story.schedulers.size(); ++i) {
    const SchedulerLife& life = story.schedulers[i];
    if (!life.attached) continue;
    if (life.attached_ns > from_ns) times.emplace_back(from_ns, life.attached_ns);
    const std::uint64_t end_ns = life.asked ? life.asked_ns : life.exited ? life.exited_ns : UINT64_MAX;
    from_ns = std::max(from_ns, end_ns);
  }
  if (from_ns < UINT64_MAX && story.schedulers.size() > 0) times.emplace_back(from_ns, UINT64_MAX);
  return times;
}

}  // namespace

InvariantLimits trace_limits(const RunRequest& request, const GuestStory& story) {
  const Checks& checks = request.settings.checks;
  const bool kernels_own = !request.has_scheduler();
  return {.idle_wait_ns = limit_ns(idle_limit(request, kernels_own)),
          .wait_ns = limit_ns(checks.max_wait.value_or(LimitMs(0))),
          .starved_ns = limit_ns(starved_limit(request, kernels_own)),
          .slice_ns = limit_ns(slice_limit(request)),
          .moves = static_cast<std::uint64_t>(std::max(checks.moves_limit(), 0)),
          .weight_order = checks.weight_order_on(kernels_own),
          .weight_share = checks.weight_share_on(kernels_own),
          .weight_slice_ns = kernels_own ? 0 : limit_ns(slice_limit(request)),
          .bandwidth = checks.bandwidth_on(kernels_own),
          .bandwidth_of_ext = !kernels_own,
          .bandwidth_late_ns = limit_ns(std::max(kQuotaLate, of_all_cpus(request))),
          .queue_depth = static_cast<std::uint64_t>(std::max(checks.queue_limit(), 0)),
          .without_ns = kernels_own ? Times() : times_without(story),
          .idle_wait_without_ns = limit_ns(idle_limit(request, true)),
          .starved_without_ns = limit_ns(starved_limit(request, true)),
          .harness_prio = kMostPriority - kBodyPriority};
}

bool is_judged(Invariant invariant, const InvariantLimits& limits, const RunRequest& request) {
  switch (invariant) {
    case Invariant::kWorkConservation:
      return limits.idle_wait_ns > 0;
    case Invariant::kWaitAge:
      return limits.wait_ns > 0;
    case Invariant::kStarvation:
      return limits.starved_ns > 0;
    case Invariant::kLostTask:
      return limits.starved_ns > 0 && request.has_scheduler();
    case Invariant::kMaxSlice:
      return limits.slice_ns > 0;
    case Invariant::kPingPong:
      return limits.moves > 0;
    case Invariant::kWeightOrder:
      return limits.weight_order;
    case Invariant::kWeightShare:
      return limits.weight_share;
    case Invariant::kBandwidth:
      return limits.bandwidth;
    case Invariant::kQueueDepth:
      return limits.queue_depth > 0;
    case Invariant::kAllowedCpu:
      return true;
  }
  return true;
}

bool is_asked_for(Invariant invariant, const Checks& checks) {
  const auto is_given = [](const std::optional<LimitMs>& limit) { return limit && limit->count() > 0; };
  switch (invariant) {
    case Invariant::kWorkConservation:
      return is_given(checks.max_idle);
    case Invariant::kWaitAge:
      return is_given(checks.max_wait);
    case Invariant::kStarvation:
    case Invariant::kLostTask:
      return is_given(checks.max_starved);
    case Invariant::kMaxSlice:
      return is_given(checks.max_slice);
    case Invariant::kPingPong:
      return checks.max_moves.value_or(0) > 0;
    case Invariant::kWeightOrder:
      return checks.weight_order.value_or(false);
    case Invariant::kWeightShare:
      return checks.weight_share.value_or(false);
    case Invariant::kBandwidth:
      return checks.bandwidth.value_or(false);
    case Invariant::kQueueDepth:
      return checks.queue_limit() > 0;
    case Invariant::kAllowedCpu:
      return false;
  }
  return false;
}

bool is_any_asked_for(const Checks& checks) {
  const auto names = names_of(Invariant::kWorkConservation);
  return std::any_of(names.begin(), names.end(), [&](const auto& each) { return is_asked_for(each.value, checks); });
}

}  // namespace ktstr
