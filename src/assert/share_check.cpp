// SPDX-License-Identifier: Apache-2.0
#include "assert/share_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace ktstr {

namespace {

constexpr double kSliceAndTickSeconds = 0.030;
constexpr double kRoundingPoints = 1;

// A cgroup with what it got and should have got, both in percent of all.
struct Share {
  const ShareClient* client;
  double got = 0, entitled = -1;
};

double seconds(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }

// The time that all of them ran: workers are let go together, and stop together as far as the scheduler lets them.
std::uint64_t window_ns(const ShareWindow& window) {
  std::uint64_t shortest = UINT64_MAX;
  for (const ShareClient& client : window.clients)
    for (const WorkerReport& worker : client.workers) shortest = std::min(shortest, worker.wall_time_ns);
  return shortest;
}

bool started_together(const ShareWindow& window) {
  std::uint64_t first = UINT64_MAX, last = 0;
  for (const ShareClient& client : window.clients)
    for (const WorkerReport& worker : client.workers) {
      first = std::min(first, worker.started_ns);
      last = std::max(last, worker.started_ns);
    }
  return last - first <= window_ns(window) / 100;
}

std::size_t worker_count(const ShareWindow& window) {
  std::size_t count = 0;
  for (const ShareClient& client : window.clients) count += client.workers.size();
  return count;
}

std::string why_undefined(const ShareClient& client) {
  if (client.cgroup.empty()) return "workers outside of the cgroups ran beside them";
  if (!client.why_undefined.empty()) return fmt::format("{} of {}", client.why_undefined, client.cgroup);
  for (const WorkerReport& worker : client.workers)
    if (worker.died()) return worker.name() + " died";
  return "";
}

std::string why_classes_differ(const ShareWindow& window) {
  std::set<std::string> classes;
  for (const ShareClient& client : window.clients)
    for (const WorkerReport& worker : client.workers) classes.insert(worker.sched_class);
  return classes.size() > 1 ? "the workers are not all in one scheduling class" : "";
}

int levels(const ShareWindow& window) {
  std::ptrdiff_t deepest = 0;
  for (const ShareClient& client : window.clients)
    deepest = std::max(deepest, std::count(client.cgroup.begin(), client.cgroup.end(), '/'));
  return static_cast<int>(deepest) + 1;
}

double points_of_length(std::uint64_t window_ns, int levels) {
  return 100 * levels * kSliceAndTickSeconds / std::max(seconds(window_ns), 1e-9);
}

// How far the entitlements are from the shares that the cgroups would have if each worker got the same, in points.
double pull_of_weights(const ShareWindow& window, const std::vector<Share>& shares) {
  double most = 0;
  for (const Share& share : shares)
    most = std::max(most, std::abs(share.entitled - 100 * static_cast<double>(share.client->workers.size()) /
                                                        static_cast<double>(worker_count(window))));
  return most;
}

std::vector<double> entitlements(const ShareWindow& window) {
  std::vector<WeightedGroup> groups;
  for (const ShareClient& client : window.clients) {
    WeightedGroup& group = groups.emplace_back(WeightedGroup{client.cgroup, {}, {}});
    for (const WorkerReport& worker : client.workers) group.nice.push_back(worker.nice);
  }
  for (const WeightedGroup& weighted : window.weights) {
    const auto same =
        std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.name == weighted.name; });
    if (same != groups.end())
      same->weight = weighted.weight;
    else
      groups.push_back({weighted.name, weighted.weight, {}});
  }
  std::vector<double> cpus = entitled_cpus(groups, window.cpus);
  cpus.resize(window.clients.size());
  return cpus;
}

std::vector<Share> shares_of(const ShareWindow& window, bool defined) {
  std::vector<Share> shares;
  double time = 0, cpus = 0;
  const std::vector<double> entitled = defined ? entitlements(window) : std::vector<double>(window.clients.size());
  for (std::size_t i = 0; i < window.clients.size(); ++i) {
    Share& share = shares.emplace_back(Share{&window.clients[i]});
    for (const WorkerReport& worker : share.client->workers) share.got += seconds(worker.cpu_time_ns);
    time += share.got;
    cpus += entitled[i];
  }
  for (std::size_t i = 0; i < shares.size(); ++i) {
    shares[i].got = time > 0 ? 100 * shares[i].got / time : 0;
    if (defined && cpus > 0) shares[i].entitled = 100 * entitled[i] / cpus;
  }
  return shares;
}

std::optional<int> weight_of(const ShareWindow& window, const std::string& cgroup) {
  for (const WeightedGroup& group : window.weights)
    if (group.name == cgroup) return group.weight;
  return {};
}

void fill_in(const ShareWindow& window, const std::vector<Share>& shares, AssertResult& result) {
  for (const Share& share : shares)
    for (CgroupStats& stats : result.cgroups) {
      if (stats.step != window.step || stats.cgroup != share.client->cgroup) continue;
      stats.weight = weight_of(window, stats.cgroup).value_or(0);
      stats.share_pct = share.got;
      stats.entitled_pct = share.entitled;
    }
}

bool wanted(const ShareClient& client, const Checks& checks) { return client.wanted.value_or(checks.share_on()); }

// Whether there is anything by which shares of equal size would not be right.
bool weights_differ(const ShareWindow& window) {
  std::set<int> weights, nice;
  for (const WeightedGroup& group : window.weights)
    if (group.weight) weights.insert(*group.weight);
  for (const ShareClient& client : window.clients)
    for (const WorkerReport& worker : client.workers) nice.insert(worker.nice);
  return weights.size() > 1 || nice.size() > 1;
}

std::string by_what(const ShareWindow& window, const ShareClient& client) {
  const auto weight = weight_of(window, client.cgroup);
  return weight ? fmt::format("cpu.weight {}", *weight) : fmt::format("nice {}", client.workers.front().nice);
}

std::string compared(const ShareWindow& window, const Share& share) {
  return fmt::format("{} got {:.1f}% of the CPU time, entitled to {:.1f}% ({})", share.client->cgroup, share.got,
                     share.entitled, by_what(window, *share.client));
}

void add(AssertResult& result, const ShareWindow& window, Verdict verdict, DetailKind kind, std::string message) {
  result.details.push_back({.verdict = verdict, .kind = kind, .message = std::move(message), .step = window.step});
}

void judge_each(const ShareWindow& window, const std::vector<Share>& shares, const Checks& checks, double tolerance,
                AssertResult& result) {
  std::string judged, off;
  for (const Share& share : shares) {
    const bool outside = std::abs(share.got - share.entitled) > tolerance;
    if (!wanted(*share.client, checks)) {
      if (outside) off += (off.empty() ? "" : "; ") + compared(window, share);
      continue;
    }
    judged += (judged.empty() ? "" : ", ") + share.client->cgroup;
    if (!outside) continue;
    add(result, window, Verdict::kFail, DetailKind::kShare,
        fmt::format("{}: more than {:.1f} points apart", compared(window, share), tolerance));
    Detail& detail = result.details.back();
    detail.cgroup = share.client->cgroup;
    detail.measured = share.got;
    detail.limit = share.entitled;
    detail.unit = "%";
  }
  if (!judged.empty())
    result.checked.push_back(
        {fmt::format("share: CPU time of {} by weight, limit {:.1f} points", judged, tolerance), window.step});
  else if (!off.empty() && weights_differ(window))
    add(result, window, Verdict::kPass, DetailKind::kNote,
        fmt::format("weights were not followed: {}; [checks] share = true makes a failure of that", off));
}

// Within the tolerance, weights that are followed and weights that are ignored look alike.
std::string why_not_told_apart(const ShareWindow& window, const std::vector<Share>& shares, double implied) {
  const std::uint64_t length = window_ns(window);
  if (points_of_length(length, levels(window)) > kMostPointsOfLength)
    return fmt::format("{:.2f} s are too short for them", seconds(length));
  const double pull = pull_of_weights(window, shares);
  if (pull < 0.1 || pull > implied) return "";
  return fmt::format(
      "the weights make {:.1f} points, and {:.1f} may be chance with {} workers on {} CPUs in {:.2f} s; take more "
      "workers, one CPU, or set share_tolerance_pct",
      pull, implied, worker_count(window), window.cpus, seconds(length));
}

}  // namespace

double implied_share_tolerance(std::chrono::nanoseconds window, int cpus, std::size_t workers, int levels) {
  const double of_places = cpus > 1 ? 50.0 * cpus / static_cast<double>(std::max<std::size_t>(workers, 1)) : 0;
  return kRoundingPoints + points_of_length(static_cast<std::uint64_t>(window.count()), levels) + of_places;
}

std::string why_no_entitlement(const ShareWindow& window) {
  if (!window.why_undefined.empty()) return window.why_undefined;
  if (window.clients.size() < 2) return "there are no two cgroups with workers";
  for (const ShareClient& client : window.clients)
    if (std::string why = why_undefined(client); !why.empty()) return why;
  for (const ShareClient& client : window.clients)
    if (client.cpuset != window.clients.front().cpuset) return "the cgroups have different cpusets";
  if (std::string why = why_classes_differ(window); !why.empty()) return why;
  if (!started_together(window)) return "the workers did not start together";
  if (worker_count(window) <= static_cast<std::size_t>(window.cpus))
    return fmt::format("{} workers do not fill {} CPUs, so that weights decide nothing", worker_count(window),
                       window.cpus);
  return "";
}

void judge_shares(const ShareWindow& window, const Checks& checks, AssertResult& result) {
  if (window.clients.empty()) return;
  std::string why = why_no_entitlement(window);
  const std::vector<Share> shares = shares_of(window, why.empty());
  fill_in(window, shares, result);
  const bool asked = std::any_of(window.clients.begin(), window.clients.end(),
                                 [&](const ShareClient& client) { return wanted(client, checks); });
  const std::uint64_t length = window_ns(window);
  const double implied =
      implied_share_tolerance(std::chrono::nanoseconds(length), window.cpus, worker_count(window), levels(window));
  if (why.empty() && !checks.share_tolerance_pct) why = why_not_told_apart(window, shares, implied);
  if (why.empty()) return judge_each(window, shares, checks, checks.share_tolerance_pct.value_or(implied), result);
  if (asked)
    add(result, window, Verdict::kInconclusive, DetailKind::kShare,
        fmt::format("shares of CPU time cannot be judged: {}", why));
}

}  // namespace ktstr
