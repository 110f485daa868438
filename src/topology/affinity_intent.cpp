// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <vector>

#include "base/splitmix.h"
#include "ktstr/cpuset.h"

namespace ktstr {

AffinityIntent AffinityIntent::inherit() { return AffinityIntent(Kind::kInherit); }
AffinityIntent AffinityIntent::llc_aligned() { return AffinityIntent(Kind::kLlcAligned); }
AffinityIntent AffinityIntent::cross_cgroup() { return AffinityIntent(Kind::kCrossCgroup); }
AffinityIntent AffinityIntent::single_cpu() { return AffinityIntent(Kind::kSingleCpu); }
AffinityIntent AffinityIntent::smt_sibling_pair() { return AffinityIntent(Kind::kSmtPair); }
AffinityIntent AffinityIntent::smt_sibling_pairs() { return AffinityIntent(Kind::kSmtPairs); }

AffinityIntent AffinityIntent::random_subset(int count, CpuSet from) {
  AffinityIntent intent(Kind::kRandomSubset);
  intent.count_ = count;
  intent.cpus_ = std::move(from);
  return intent;
}

AffinityIntent AffinityIntent::exact(CpuSet cpus) {
  AffinityIntent intent(Kind::kExact);
  intent.cpus_ = std::move(cpus);
  return intent;
}

Status AffinityIntent::validate() const {
  if (kind_ == Kind::kRandomSubset && count_ < 1)
    return fail(ErrorCode::kInvalidArgument, "an affinity needs at least 1 CPU, not {}", count_);
  if (kind_ == Kind::kExact && cpus_.empty())
    return fail(ErrorCode::kInvalidArgument, "an affinity to no CPU; leave it out to inherit");
  return ok();
}

namespace {

// The LLC that shares most CPUs with `pool`, the first of equals, as far as `pool` goes.
CpuSet llc_within(const TestTopology& topology, const CpuSet& pool) {
  CpuSet best;
  for (const TestTopology::Llc& llc : topology.llcs) {
    CpuSet shared = llc.cpus.intersection(pool);
    if (shared.size() > best.size()) best = std::move(shared);
  }
  return best;
}

// Of each core that has two threads in `pool`, in the order of cores.
std::vector<CpuSet> smt_pairs_within(const TestTopology& topology, const CpuSet& pool) {
  std::vector<CpuSet> pairs;
  for (const TestTopology::Llc& llc : topology.llcs)
    for (const TestTopology::Core& core : llc.cores) {
      const CpuSet threads = core.threads.intersection(pool);
      if (threads.size() >= 2) pairs.push_back({*threads.begin(), *std::next(threads.begin())});
    }
  return pairs;
}

// Fisher and Yates's shuffle, as far as it is needed.
CpuSet sample(const CpuSet& pool, std::size_t count, std::uint64_t seed) {
  std::vector<Cpu> left(pool.begin(), pool.end());
  CpuSet chosen;
  for (std::size_t i = 0; i < std::min(count, left.size()); ++i) {
    std::swap(left[i], left[i + pick_up_to(splitmix64(seed + i), left.size() - 1 - i)]);
    chosen.add(left[i]);
  }
  return chosen;
}

}  // namespace

Result<std::optional<CpuSet>> AffinityIntent::resolve(const TestTopology& topology, const CpuSet& cpuset, int index,
                                                      std::uint64_t seed) const {
  KTSTR_TRY(validate());
  if (kind_ == Kind::kInherit) return std::optional<CpuSet>();
  if (kind_ == Kind::kCrossCgroup) return std::optional(topology.cpus);
  const CpuSet& pool = cpuset.empty() ? topology.cpus : cpuset;
  CpuSet cpus;
  if (kind_ == Kind::kRandomSubset)
    cpus = sample(cpus_.empty() ? pool : cpus_.intersection(pool), static_cast<std::size_t>(count_),
                  splitmix64(splitmix64(seed) ^ static_cast<std::uint64_t>(index)));
  else if (kind_ == Kind::kLlcAligned)
    cpus = llc_within(topology, pool);
  else if (kind_ == Kind::kSingleCpu && !pool.empty())
    cpus = {pool.first()};
  else if (kind_ == Kind::kExact)
    cpus = cpus_.intersection(pool);
  const bool pairs_of_threads = kind_ == Kind::kSmtPair || kind_ == Kind::kSmtPairs;
  if (pairs_of_threads)
    if (const std::vector<CpuSet> pairs = smt_pairs_within(topology, pool); !pairs.empty())
      cpus = pairs[kind_ == Kind::kSmtPair ? 0 : static_cast<std::size_t>(index / 2) % pairs.size()];
  if (!cpus.empty()) return std::optional(std::move(cpus));
  if (pairs_of_threads)
    return fail(ErrorCode::kInvalidArgument, "no core has two hardware threads among the CPUs {}", pool.to_string());
  return fail(ErrorCode::kInvalidArgument, "none of its CPUs is among those of the cpuset, {}", pool.to_string());
}

Result<AffinityIntent> AffinityIntent::parse(std::string_view text) {
  if (text == "inherit") return inherit();
  if (text == "llc") return llc_aligned();
  if (text == "all") return cross_cgroup();
  if (text == "single") return single_cpu();
  if (text == "smt-pair") return smt_sibling_pair();
  if (text == "smt-pairs") return smt_sibling_pairs();
  constexpr std::string_view kRandom = "random:";
  std::optional<AffinityIntent> intent;
  if (text.starts_with(kRandom)) {
    const std::string_view rest = text.substr(kRandom.size());
    const std::string_view number = rest.substr(0, rest.find('/'));
    int count = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
    Result<CpuSet> from = CpuSet();
    if (number.size() < rest.size()) from = CpuSet::parse(rest.substr(number.size() + 1));
    const bool said_from = number.size() < rest.size();
    if (error == std::errc() && end == number.data() + number.size() && from && said_from == !from->empty())
      intent = random_subset(count, *std::move(from));
  } else if (auto list = CpuSet::parse(text); list && !list->empty()) {
    intent = exact(*std::move(list));
  }
  if (!intent)
    return fail(ErrorCode::kInvalidArgument,
                "'{}' is not an affinity; accepted: \"inherit\", \"llc\", \"all\", \"single\", \"smt-pair\", "
                "\"smt-pairs\", \"random:2\", \"random:2/0-3\", or CPUs like \"0-3,8\"",
                text);
  KTSTR_TRY(intent->validate());
  return *std::move(intent);
}

std::string AffinityIntent::to_text() const {
  if (kind_ == Kind::kRandomSubset)
    return cpus_.empty() ? fmt::format("random:{}", count_) : fmt::format("random:{}/{}", count_, cpus_.to_string());
  if (kind_ == Kind::kExact) return cpus_.to_string();
  return describe();
}

std::string AffinityIntent::describe() const {
  switch (kind_) {
    case Kind::kInherit:
      return "inherit";
    case Kind::kRandomSubset:
      return cpus_.empty() ? fmt::format("random({})", count_)
                           : fmt::format("random({} of {})", count_, cpus_.to_string());
    case Kind::kLlcAligned:
      return "llc";
    case Kind::kCrossCgroup:
      return "all";
    case Kind::kSingleCpu:
      return "single";
    case Kind::kExact:
      return fmt::format("cpus({})", cpus_.to_string());
    case Kind::kSmtPair:
      return "smt-pair";
    case Kind::kSmtPairs:
      return "smt-pairs";
  }
  return "";
}

}  // namespace ktstr
