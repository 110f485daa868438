// SPDX-License-Identifier: Apache-2.0
#include "ktstr/topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ktstr {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(TopologyParse, ReadsTheFourNumbers) {
  const auto topology = Topology::parse("2n8l4c2t");
  ASSERT_TRUE(topology);
  EXPECT_EQ(*topology, (Topology{2, 8, 4, 2}));
  EXPECT_EQ(topology->cpus(), 64);
  EXPECT_EQ(topology->llcs_per_node(), 4);
  EXPECT_EQ(topology->to_string(), "2n8l4c2t");
}

TEST(TopologyParse, RefusesLlcsThatDoNotDivideAmongNodes) {
  EXPECT_EQ(Topology::parse("2n3l1c1t").error().message(),
            "topology '2n3l1c1t': 3 LLCs cannot be split evenly over 2 NUMA nodes; write NnNlNcNt (NUMA nodes, LLCs in "
            "all, cores per LLC, threads per core), for example 1n2l4c2t");
}

TEST(TopologyParse, SaysWhichPartIsZero) {
  const auto parsed = Topology::parse("1n3l0c1t");
  EXPECT_EQ(parsed.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(parsed.error().message(), HasSubstr("0 cores per LLC are too few; at least 1"));
}

TEST(TopologyParse, RefusesTextThatIsNoTopology) {
  for (const char* text : {"", "4", "1n2l4c", "1n2l4c2t ", " 1n2l4c2t", "1l2n4c2t", "n2l4c2t", "-1n2l4c2t", "+1n1l1c1t",
                           "1N1L1C1T", "1n1l1c1t1n", "99999999999n1l1c1t"})
    EXPECT_THAT(Topology::parse(text).error().message(), HasSubstr("it is not written as one; write NnNlNcNt")) << text;
}

TEST(TopologyParse, TakesAtMost255Cpus) {
  EXPECT_TRUE(Topology::parse("1n1l255c1t"));
  EXPECT_THAT(Topology::parse("1n14l9c2t").error().message(), HasSubstr("the last CPU's APIC id would be 433"));
  EXPECT_THAT(Topology::parse("1n2l64c2t").error().message(), HasSubstr("256 CPUs are more than 255"));
  EXPECT_THAT(Topology::parse("1n2000000000l2000000000c1t").error().message(), HasSubstr("are more than 255"));
}

TEST(TopologyValidate, JudgesAStructAsItsText) {
  EXPECT_TRUE((Topology{1, 2, 2, 1}).validate());
  EXPECT_EQ((Topology{2, 3, 1, 1}).validate().error().message(), Topology::parse("2n3l1c1t").error().message());
  EXPECT_FALSE((Topology{-1, 2, 2, 1}).validate());
}

TEST(ExpectedFor, NumbersCpusByNodeLlcCoreAndThread) {
  const auto seen = TestTopology::expected_for(*Topology::parse("2n4l2c2t"));
  EXPECT_EQ(seen.cpus.to_string(), "0-15");
  ASSERT_EQ(seen.llcs.size(), 4u);
  EXPECT_EQ(seen.llc_cpus(2).to_string(), "8-11");
  EXPECT_EQ(seen.llcs[2].node, 1);
  EXPECT_EQ(seen.llcs[2].cores.at(1).threads.to_string(), "10-11");
  EXPECT_EQ(seen.nodes.at(1).cpus.to_string(), "8-15");
  EXPECT_EQ(seen.node_of(7), 0);
  EXPECT_EQ(seen.llc_of(7), 1);
  EXPECT_EQ(seen.node_of(16), -1);
  EXPECT_EQ(seen.llc_of(16), -1);
}

TEST(Describe, CountsInWords) {
  EXPECT_EQ(TestTopology::expected_for(*Topology::parse("1n2l2c1t")).describe(),
            "4 CPUs in 2 LLCs on 1 node, 1 thread per core");
  EXPECT_EQ(TestTopology::expected_for(*Topology::parse("2n2l1c2t")).describe(),
            "4 CPUs in 2 LLCs on 2 nodes, 2 threads per core");
}

TEST(DifferencesFrom, IsEmptyForJustWhatWasAskedFor) {
  for (const char* text : {"1n1l1c1t", "2n8l4c2t", "4n4l1c3t"}) {
    const Topology asked = *Topology::parse(text);
    EXPECT_THAT(TestTopology::expected_for(asked).differences_from(asked), IsEmpty()) << text;
  }
}

TEST(DifferencesFrom, NamesAMissingCpu) {
  const auto differences = TestTopology::expected_for({1, 1, 3, 1}).differences_from({1, 1, 4, 1});
  EXPECT_THAT(differences, Contains("CPUs: asked for 0-3, seen 0-2"));
}

TEST(DifferencesFrom, TellsThreadsFromCores) {
  const auto differences = TestTopology::expected_for({1, 1, 4, 1}).differences_from({1, 1, 2, 2});
  EXPECT_THAT(differences, Contains("threads per core: asked for 2 threads per core, seen 1 thread per core"));
  EXPECT_THAT(differences, Contains("cores of LLC 0: asked for {0-1} {2-3}, seen {0} {1} {2} {3}"));
}

TEST(DifferencesFrom, SeesAnLlcOnTheWrongNode) {
  const Topology asked{2, 2, 2, 1};
  TestTopology seen = TestTopology::expected_for(asked);
  seen.llcs[1].node = 0;
  EXPECT_THAT(seen.differences_from(asked), testing::ElementsAre("NUMA node of LLC 1: asked for 1, seen 0"));
}

TEST(DifferencesFrom, SeesAMemoryOnlyNodeThatNobodyAskedFor) {
  TestTopology seen = TestTopology::expected_for({1, 1, 1, 1});
  seen.nodes.push_back({1, {}});
  EXPECT_THAT(seen.differences_from({1, 1, 1, 1}), testing::ElementsAre("number of NUMA nodes: asked for 1, seen 2"));
}

TEST(DifferencesFrom, SeesLlcsThatAreSplitOtherwise) {
  const auto differences = TestTopology::expected_for({1, 2, 2, 1}).differences_from({1, 1, 4, 1});
  EXPECT_THAT(differences, Contains("number of LLCs: asked for 1, seen 2"));
  EXPECT_THAT(differences, Contains("CPUs of LLC 0: asked for 0-3, seen 0-1"));
}

}  // namespace
}  // namespace ktstr
