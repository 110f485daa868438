// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/traced_shares.h"

#include <algorithm>

#include "trace/accounts.h"

namespace ktstr {

Result<TracedShares::Window> TracedShares::look_at(int step) const {
  Window window{.from_ns = 0, .to_ns = UINT64_MAX, .ran_ns = {}};
  for (const WorkerReport& worker : record_.workers) {
    if (worker.step != step) continue;
    const auto [from_ns, to_ns] = worker.ran();
    window.from_ns = std::max(window.from_ns, from_ns);
    window.to_ns = std::min(window.to_ns, to_ns);
  }
  if (window.from_ns >= window.to_ns) return fail(ErrorCode::kNotFound, "no worker of step {} ran", step);
  KTSTR_TRY_ASSIGN(TraceReader reader, TraceReader::open(trace_));
  KTSTR_TRY_ASSIGN(const Accounts accounts, account(reader, window.from_ns, window.to_ns));
  for (const TaskAccount& task : accounts.tasks) window.ran_ns[task.pid] = task.ran_ns;
  return window;
}

Result<TracedShare> TracedShares::of(const Detail& detail) {
  if (!windows_.contains(detail.step)) {
    KTSTR_TRY_ASSIGN(Window seen, look_at(detail.step));
    windows_.emplace(detail.step, std::move(seen));
  }
  const Window& window = windows_.at(detail.step);
  TracedShare share{.from_ns = window.from_ns, .to_ns = window.to_ns};
  std::uint64_t of_cgroup = 0, of_all = 0, least_ns = UINT64_MAX;
  for (const WorkerReport& worker : record_.workers) {
    const auto& [cgroup, index, step] = worker.who();
    if (step != detail.step) continue;
    const auto found = window.ran_ns.find(worker.pid);
    const std::uint64_t ran = found == window.ran_ns.end() ? 0 : found->second;
    of_all += ran;
    if (cgroup != detail.cgroup) continue;
    of_cgroup += ran;
    if (ran >= least_ns) continue;
    least_ns = ran;
    share.least = worker.pid;
  }
  if (share.least == 0 || of_all == 0)
    return fail(ErrorCode::kNotFound, "the workers of {} are not in it", detail.cgroup);
  share.pct = 100 * static_cast<double>(of_cgroup) / static_cast<double>(of_all);
  return share;
}

}  // namespace ktstr
