// SPDX-License-Identifier: Apache-2.0
//
// Which CPUs a cgroup may use (CpusetSpec) and which CPUs its workers pin themselves to (AffinityIntent), said in terms
// of the topology and resolved on the machine at hand.
//
// Fractions and parts (range, disjoint, overlap, slice) are taken of lists of CPUs in ascending order. range, disjoint
// and overlap cut the *usable* CPUs (TestTopology::usable_cpus()), which leave one CPU to everything that is not in a
// cgroup of the scenario; slice cuts all CPUs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "ktstr/topology.h"

namespace ktstr {

class CpusetSpec {
 public:
  static CpusetSpec all();
  static CpusetSpec llc(int index);
  static CpusetSpec node(int index);  // the kernel's node number
  static CpusetSpec cpus(CpuSet exact);
  // Part `index` of all CPUs cut into `of` consecutive parts of (nearly) equal size.
  static CpusetSpec slice(int index, int of);
  // `count` of all CPUs, chosen by the seed, for each cgroup of each step anew.
  static CpusetSpec random(int count);
  // usable[trunc(n * start) .. trunc(n * end)), n usable CPUs; 0 <= start < end <= 1, both finite.
  static CpusetSpec range(double start, double end);
  // Part `index` of the usable CPUs cut into `of` parts of n / of CPUs; the last part takes the remainder. n >= of.
  static CpusetSpec disjoint(int index, int of);
  // As disjoint(), widened at both inner ends by trunc(n / of * fraction) CPUs; 0 <= fraction <= 1.
  static CpusetSpec overlap(int index, int of, double fraction);

  // "all", "llc:0", "node:1", "slice:0/2", "random:2", "range:0.25-0.75", "disjoint:0/3", "overlap:1/4:0.5", or CPUs
  // like "0-3,8". kInvalidArgument names these forms.
  static Result<CpusetSpec> parse(std::string_view text);
  std::string to_text() const;  // what parse() takes
  // What can be said without a machine: parts within range, fractions finite and in order.
  Status validate() const;
  // kInvalidArgument when the machine has no such LLC, node, CPU or part, or not so many CPUs, or when no CPU is left.
  // `seed` decides what is random.
  Result<CpuSet> resolve(const TestTopology& topology, std::uint64_t seed = 0) const;
  std::string describe() const;  // "llc(0)", "cpus(0-3)", "overlap(1/4, 0.5)"
  friend bool operator==(const CpusetSpec&, const CpusetSpec&) = default;

 private:
  struct All {
    friend bool operator==(const All&, const All&) = default;
  };
  struct Llc {
    int index;
    friend bool operator==(const Llc&, const Llc&) = default;
  };
  struct Node {
    int index;
    friend bool operator==(const Node&, const Node&) = default;
  };
  struct Exact {
    CpuSet cpus;
    friend bool operator==(const Exact&, const Exact&) = default;
  };
  struct Slice {
    int index, of;
    friend bool operator==(const Slice&, const Slice&) = default;
  };
  struct Random {
    int count;
    friend bool operator==(const Random&, const Random&) = default;
  };
  struct Range {
    double start, end;
    friend bool operator==(const Range&, const Range&) = default;
  };
  struct Disjoint {
    int index, of;
    friend bool operator==(const Disjoint&, const Disjoint&) = default;
  };
  struct Overlap {
    int index, of;
    double fraction;
    friend bool operator==(const Overlap&, const Overlap&) = default;
  };
  using Kind = std::variant<All, Llc, Node, Exact, Slice, Random, Range, Disjoint, Overlap>;
  explicit CpusetSpec(Kind kind) : kind_(std::move(kind)) {}
  Kind kind_;
};

// Which CPUs each worker pins itself to with sched_setaffinity(2), on top of its cgroup's cpuset.
class AffinityIntent {
 public:
  static AffinityIntent inherit();  // no call at all
  // `count` of `from` (empty: of the cpuset), chosen by the seed for each worker by itself.
  static AffinityIntent random_subset(int count, CpuSet from = {});
  // The LLC that shares most CPUs with the cpuset (the first of equals), as far as the cpuset allows.
  static AffinityIntent llc_aligned();
  static AffinityIntent cross_cgroup();      // all CPUs of the machine; the kernel clips to the cpuset
  static AffinityIntent single_cpu();        // the lowest CPU of the cpuset
  static AffinityIntent exact(CpuSet cpus);  // as far as the cpuset allows
  // The two hardware threads of the first core that has both inside the cpuset; all workers of a group share it.
  static AffinityIntent smt_sibling_pair();
  // One pair a core: workers 0 and 1 on the threads of the first such core, 2 and 3 of the second, and so on; after the
  // last core the first again.
  static AffinityIntent smt_sibling_pairs();

  // "inherit", "random:2", "random:2/0-3", "llc", "all", "single", "smt-pair", "smt-pairs", or CPUs like "0-3,8".
  // kInvalidArgument names these forms.
  static Result<AffinityIntent> parse(std::string_view text);
  std::string to_text() const;  // what parse() takes
  // What can be said without a machine.
  Status validate() const;
  // For worker `index` of a group; `cpuset` is its cgroup's, empty for all CPUs. No value: nothing is to be set.
  // kInvalidArgument when no CPU is left, or no core has two threads inside the cpuset.
  Result<std::optional<CpuSet>> resolve(const TestTopology& topology, const CpuSet& cpuset, int index,
                                        std::uint64_t seed) const;
  bool inherits() const { return kind_ == Kind::kInherit; }
  // "inherit", "random(2)", "random(2 of 0-3)", "llc", "all", "single", "cpus(0-1)", "smt-pair", "smt-pairs"
  std::string describe() const;
  friend bool operator==(const AffinityIntent&, const AffinityIntent&) = default;

 private:
  enum class Kind : std::uint8_t {
    kInherit,
    kRandomSubset,
    kLlcAligned,
    kCrossCgroup,
    kSingleCpu,
    kExact,
    kSmtPair,
    kSmtPairs
  };
  explicit AffinityIntent(Kind kind) : kind_(kind) {}
  Kind kind_ = Kind::kInherit;
  int count_ = 0;  // of kRandomSubset
  CpuSet cpus_;    // of kRandomSubset and kExact
};

}  // namespace ktstr
