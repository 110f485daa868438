// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "ktstr/cpuset.h"

namespace ktstr {
namespace {

// 2 LLCs with 2 cores of 2 threads: cores 0,1 2,3 | 4,5 6,7.
TestTopology machine() { return TestTopology::expected_for(Topology{1, 2, 2, 2}); }

std::string resolved(const AffinityIntent& intent, const CpuSet& cpuset, int index = 0, std::uint64_t seed = 1) {
  const auto cpus = intent.resolve(machine(), cpuset, index, seed);
  if (!cpus) return cpus.error().message();
  return *cpus ? (*cpus)->to_string() : "nothing is set";
}

TEST(AffinityIntent, ResolvesWithinTheCpuset) {
  EXPECT_EQ(resolved(AffinityIntent::inherit(), {1}), "nothing is set");
  EXPECT_EQ(resolved(AffinityIntent::cross_cgroup(), {1}), "0-7");
  EXPECT_EQ(resolved(AffinityIntent::single_cpu(), {3, 5}), "3");
  EXPECT_EQ(resolved(AffinityIntent::single_cpu(), {}), "0");
  EXPECT_EQ(resolved(AffinityIntent::exact({1, 2, 6}), {2, 3, 6}), "2,6");
  EXPECT_EQ(resolved(AffinityIntent::exact({1}), {2}), "none of its CPUs is among those of the cpuset, 2");
  EXPECT_EQ(resolved(AffinityIntent::llc_aligned(), {3, 4, 5}), "4-5");
  EXPECT_EQ(resolved(AffinityIntent::llc_aligned(), {2, 3, 4, 5}), "2-3");  // the first of equals
}

TEST(AffinityIntent, TakesTheFirstCoreThatHasBothThreads) {
  EXPECT_EQ(resolved(AffinityIntent::smt_sibling_pair(), {1, 2, 3, 4, 5}), "2-3");
  EXPECT_EQ(resolved(AffinityIntent::smt_sibling_pair(), {1, 3, 5}),
            "no core has two hardware threads among the CPUs 1,3,5");
}

TEST(AffinityIntent, GivesEachPairOfWorkersACore) {
  const auto cpus_of = [](int worker) {
    const auto cpus = AffinityIntent::smt_sibling_pairs().resolve(machine(), {1, 2, 3, 6, 7}, worker, 0);
    return cpus ? (*cpus)->to_string() : cpus.error().message();
  };
  EXPECT_EQ(cpus_of(0), "2-3") << "of the first core one thread is left";
  EXPECT_EQ(cpus_of(1), "2-3");
  EXPECT_EQ(cpus_of(2), "6-7");
  EXPECT_EQ(cpus_of(4), "2-3") << "after the last core the first again";
  EXPECT_EQ(resolved(AffinityIntent::smt_sibling_pairs(), {1, 3, 5}),
            "no core has two hardware threads among the CPUs 1,3,5");
}

TEST(AffinityIntent, SamplesForEachWorkerByItself) {
  const AffinityIntent two = AffinityIntent::random_subset(2);
  std::set<std::string> seen;
  for (int index = 0; index < 50; ++index) {
    seen.insert(resolved(two, {0, 1, 2, 3}, index));
    EXPECT_EQ(resolved(two, {0, 1, 2, 3}, index), resolved(two, {0, 1, 2, 3}, index));
  }
  EXPECT_EQ(seen.size(), 6u);
  EXPECT_EQ(resolved(AffinityIntent::random_subset(9), {4, 5}), "4-5");
  EXPECT_EQ(resolved(AffinityIntent::random_subset(1, {6, 7}), {5, 6}), "6");
  EXPECT_EQ(resolved(AffinityIntent::random_subset(1, {7}), {5, 6}),
            "none of its CPUs is among those of the cpuset, 5-6");
  EXPECT_EQ(resolved(AffinityIntent::random_subset(0), {5}), "an affinity needs at least 1 CPU, not 0");
}

TEST(AffinityIntent, ReadsWhatItWrites) {
  for (const char* text :
       {"inherit", "random:2", "random:2/0-3", "llc", "all", "single", "smt-pair", "smt-pairs", "0-3,8"}) {
    const auto intent = AffinityIntent::parse(text);
    ASSERT_TRUE(intent) << text;
    EXPECT_EQ(intent->to_text(), text);
  }
  for (const char* text : {"", "random", "random:", "random:0", "random:2/", "random:x", "pair"})
    EXPECT_FALSE(AffinityIntent::parse(text)) << text;
}

}  // namespace
}  // namespace ktstr
