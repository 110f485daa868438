// SPDX-License-Identifier: Apache-2.0
#include "base/splitmix.h"
#include "ktstr/cpuset.h"

namespace ktstr {

AffinityIntent AffinityIntent::inherit() { return AffinityIntent(Kind::kInherit); }
AffinityIntent AffinityIntent::llc_aligned() { return AffinityIntent(Kind::kLlcAligned); }
AffinityIntent AffinityIntent::cross_cgroup() { return AffinityIntent(Kind::kCrossCgroup); }
AffinityIntent AffinityIntent::single_cpu() { return AffinityIntent(Kind::kSingleCpu); }
AffinityIntent AffinityIntent::smt_sibling_pair() { return AffinityIntent(Kind::kSmtPair); }

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
    return fail(ErrorCode::kInvalidArgument, "{} CPUs cannot be chosen; at least 1", count_);
  if (kind_ == Kind::kExact && cpus_.empty())
    return fail(ErrorCode::kInvalidArgument, "an affinity to no CPU; leave it out to inherit");
  return ok();
}

Result<std::optional<CpuSet>> AffinityIntent::resolve(const TestTopology& topology, const CpuSet& cpuset, int index,
                                                      std::uint64_t seed) const {
  KTSTR_TRY(validate());
  (void)index;
  (void)seed;
  if (kind_ == Kind::kInherit) return std::optional<CpuSet>();
  if (kind_ == Kind::kCrossCgroup) return std::optional(topology.cpus);
  return fail(ErrorCode::kInternal, "{} on {} is not resolved yet", describe(), cpuset.to_string());
}

std::string AffinityIntent::describe() const {
  switch (kind_) {
    case Kind::kInherit: return "inherit";
    case Kind::kRandomSubset:
      return cpus_.empty() ? fmt::format("random({})", count_)
                           : fmt::format("random({} of {})", count_, cpus_.to_string());
    case Kind::kLlcAligned: return "llc";
    case Kind::kCrossCgroup: return "all";
    case Kind::kSingleCpu: return "single";
    case Kind::kExact: return fmt::format("cpus({})", cpus_.to_string());
    case Kind::kSmtPair: return "smt-pair";
  }
  return "";
}

}  // namespace ktstr
