// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ktstr/work.h"

namespace ktstr {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Nodes 0 (CPUs 0-1) and 1 (CPUs 2-3), and node 2 with memory alone.
TestTopology two_nodes_and_memory() {
  TestTopology topology =
      TestTopology::expected_for({.numa_nodes = 2, .llcs = 2, .cores_per_llc = 2, .threads_per_core = 1});
  topology.nodes.push_back({.id = 2, .cpus = {}});
  return topology;
}

std::string refusal_of_policy(const MemPolicy& policy, const CpuSet& cpuset = {}) {
  const Status status = policy.check(two_nodes_and_memory(), cpuset);
  if (status) return "(accepted)";
  EXPECT_EQ(status.error().code(), ErrorCode::kInvalidArgument);
  return status.error().render();
}

TEST(MemPolicy, NamesUnknownFlagBitsAndTheKnownOnesBeforeAnythingElse) {
  const MemPolicy policy =
      MemPolicy::bind({9}).with_flags(1u << 3 | MemPolicy::kStaticNodes | MemPolicy::kRelativeNodes);
  EXPECT_THAT(refusal_of_policy(policy),
              AllOf(HasSubstr("unknown flag bits 0x8"), HasSubstr("kStaticNodes (0x8000)"),
                    HasSubstr("kRelativeNodes (0x4000)"), HasSubstr("kNumaBalancing (0x2000)")));
  EXPECT_THAT(refusal_of_policy(MemPolicy::local().with_flags(1)), HasSubstr("unknown flag bits 0x1"));
}

TEST(MemPolicy, RefusesStaticAndRelativeTogetherEvenWithoutNodes) {
  constexpr unsigned kBoth = MemPolicy::kStaticNodes | MemPolicy::kRelativeNodes;
  EXPECT_THAT(refusal_of_policy(MemPolicy::bind({0}).with_flags(kBoth)),
              HasSubstr("both flags, static (kStaticNodes) and relative (kRelativeNodes)"));
  EXPECT_THAT(refusal_of_policy(MemPolicy::local().with_flags(kBoth)), HasSubstr("drop one of the two"));
}

TEST(MemPolicy, AcceptsPoliciesWithoutNodes) {
  EXPECT_EQ(refusal_of_policy({}), "(accepted)");
  EXPECT_EQ(refusal_of_policy(MemPolicy::local(), {0}), "(accepted)");
  EXPECT_EQ(refusal_of_policy(MemPolicy::bind({}).with_flags(MemPolicy::kStaticNodes)), "(accepted)");
}

TEST(MemPolicy, WantsStaticNodesToExistOnTheMachineWhateverTheCpuset) {
  EXPECT_EQ(refusal_of_policy(MemPolicy::bind({1, 2}).with_flags(MemPolicy::kStaticNodes), {0}), "(accepted)");
  EXPECT_THAT(refusal_of_policy(MemPolicy::bind({1, 3, 4}).with_flags(MemPolicy::kStaticNodes), {0}),
              HasSubstr("the machine has no node 3-4; it has 0-2"));
}

TEST(MemPolicy, AcceptsWhateverRelativeNodes) {
  EXPECT_EQ(refusal_of_policy(MemPolicy::interleave({0, 7}).with_flags(MemPolicy::kRelativeNodes), {0}), "(accepted)");
}

TEST(MemPolicy, WantsOtherNodesToBeCoveredByTheCpuset) {
  EXPECT_EQ(refusal_of_policy(MemPolicy::bind({0}), {1}), "(accepted)");
  EXPECT_EQ(refusal_of_policy(MemPolicy::bind({0, 1}), {1, 2}), "(accepted)");
  EXPECT_THAT(
      refusal_of_policy(MemPolicy::bind({0, 1}), {2}),
      AllOf(HasSubstr("bind(0-1) names node 0"), HasSubstr("CPUs 2 cover node 1"),
            HasSubstr("give the cpuset CPUs of node 0"), HasSubstr("kStaticNodes"), HasSubstr("kRelativeNodes")));
  EXPECT_THAT(refusal_of_policy(MemPolicy::preferred(1).with_flags(MemPolicy::kNumaBalancing), {0, 1}),
              HasSubstr("names node 1"));
}

TEST(MemPolicy, TakesAnEmptyCpusetForAllCpus) {
  EXPECT_EQ(refusal_of_policy(MemPolicy::interleave({0, 1})), "(accepted)");
  EXPECT_THAT(refusal_of_policy(MemPolicy::interleave({0, 1, 2})),
              AllOf(HasSubstr("names node 2"), HasSubstr("cover node 0-1")));
}

TEST(MemPolicy, DescribesItselfWithNodesAndFlags) {
  EXPECT_EQ(MemPolicy{}.describe(), "default");
  EXPECT_EQ(MemPolicy::local().describe(), "local");
  EXPECT_EQ(MemPolicy::preferred(1).describe(), "preferred(1)");
  EXPECT_EQ(MemPolicy::bind({0, 1}).describe(), "bind(0-1)");
  EXPECT_EQ(MemPolicy::bind({0, 1}).with_flags(MemPolicy::kStaticNodes).describe(), "bind(0-1, static)");
  EXPECT_EQ(MemPolicy::interleave({0, 2}).with_flags(MemPolicy::kRelativeNodes | MemPolicy::kNumaBalancing).describe(),
            "interleave(0,2, relative, numa-balancing)");
  EXPECT_EQ(MemPolicy::preferred_many({3}).with_flags(2).describe(), "preferred_many(3, 0x2)");
  EXPECT_EQ(MemPolicy::weighted_interleave({0}).describe(), "weighted_interleave(0)");
}

}  // namespace
}  // namespace ktstr
