// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "ktstr/cpuset.h"

namespace ktstr {
namespace {

TestTopology two_nodes() { return TestTopology::expected_for(Topology{2, 2, 2, 1}); }

std::string cpus_of(const CpusetSpec& spec) {
  const auto cpus = spec.resolve(two_nodes());
  return cpus ? cpus->to_string() : cpus.error().message();
}

TEST(CpusetSpec, ResolvesToTheCpusOfThePlace) {
  EXPECT_EQ(cpus_of(CpusetSpec::all()), "0-3");
  EXPECT_EQ(cpus_of(CpusetSpec::llc(1)), "2-3");
  EXPECT_EQ(cpus_of(CpusetSpec::node(0)), "0-1");
  EXPECT_EQ(cpus_of(CpusetSpec::cpus({1, 3})), "1,3");
}

TEST(CpusetSpec, CutsTheMachineIntoSlicesThatCoverIt) {
  EXPECT_EQ(cpus_of(CpusetSpec::slice(0, 3)), "0");
  EXPECT_EQ(cpus_of(CpusetSpec::slice(1, 3)), "1");
  EXPECT_EQ(cpus_of(CpusetSpec::slice(2, 3)), "2-3");
}

TEST(CpusetSpec, SaysWhatTheMachineHasInstead) {
  EXPECT_EQ(cpus_of(CpusetSpec::llc(5)), "there is no LLC 5: the machine has 2 LLCs, counted from 0");
  EXPECT_EQ(cpus_of(CpusetSpec::llc(-1)), "there is no LLC -1: the machine has 2 LLCs, counted from 0");
  EXPECT_EQ(cpus_of(CpusetSpec::node(2)), "there is no NUMA node 2: the machine has 2 nodes (0-1)");
  EXPECT_EQ(cpus_of(CpusetSpec::cpus({3, 4, 9})), "there is no CPU 4,9: the machine has 4 CPUs (0-3)");
  EXPECT_EQ(cpus_of(CpusetSpec::cpus({})), "an empty list of CPUs; leave the cpuset out for all CPUs");
  EXPECT_EQ(cpus_of(CpusetSpec::slice(2, 2)), "there is no part 2 of 2; parts are counted from 0");
  EXPECT_EQ(cpus_of(CpusetSpec::slice(0, 0)), "a cpuset needs at least 1 part of the CPUs, not 0");
  EXPECT_EQ(cpus_of(CpusetSpec::slice(0, 5)), "4 CPUs cannot be cut into 5 parts: some would be empty");
}

TEST(CpusetSpec, ChoosesRandomCpusFromTheSeed) {
  std::set<std::string> pairs;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto cpus = CpusetSpec::random(2).resolve(two_nodes(), seed);
    ASSERT_TRUE(cpus);
    EXPECT_EQ(cpus->size(), 2u);
    EXPECT_TRUE(cpus->minus(two_nodes().cpus).empty());
    EXPECT_EQ(CpusetSpec::random(2).resolve(two_nodes(), seed)->to_string(), cpus->to_string());
    pairs.insert(cpus->to_string());
  }
  EXPECT_EQ(pairs.size(), 6u);
  EXPECT_EQ(cpus_of(CpusetSpec::random(4)), "0-3");
  EXPECT_EQ(cpus_of(CpusetSpec::random(5)), "5 CPUs cannot be chosen: the machine has 4 CPUs");
  EXPECT_EQ(cpus_of(CpusetSpec::random(0)), "a cpuset needs at least 1 CPU, not 0");
}

TEST(CpusetSpec, RefusesANodeWithoutCpus) {
  TestTopology topology = two_nodes();
  topology.nodes.push_back({.id = 7, .cpus = {}});
  EXPECT_EQ(CpusetSpec::node(7).resolve(topology).error().message(), "NUMA node 7 has memory only, no CPUs");
}

TEST(CpusetSpec, DescribesItself) {
  EXPECT_EQ(CpusetSpec::all().describe(), "all");
  EXPECT_EQ(CpusetSpec::llc(0).describe(), "llc(0)");
  EXPECT_EQ(CpusetSpec::node(1).describe(), "node(1)");
  EXPECT_EQ(CpusetSpec::cpus({0, 1, 2, 3}).describe(), "cpus(0-3)");
  EXPECT_EQ(CpusetSpec::slice(0, 2).describe(), "slice(0/2)");
  EXPECT_EQ(CpusetSpec::random(3).describe(), "random(3)");
}

TEST(CpusetSpec, CutsTheUsableCpusAndLeavesOneToTheRest) {
  const auto on = [](const Topology& topology, const CpusetSpec& spec) {
    const auto cpus = spec.resolve(TestTopology::expected_for(topology));
    return cpus ? cpus->to_string() : cpus.error().message();
  };
  const Topology eight{1, 2, 4, 1}, two{1, 1, 2, 1};  // 7 usable CPUs, and 2
  EXPECT_EQ(on(eight, CpusetSpec::range(0, 0.5)), "0-2");
  EXPECT_EQ(on(eight, CpusetSpec::range(0.5, 1)), "3-6");
  EXPECT_EQ(on(eight, CpusetSpec::disjoint(0, 3)), "0-1");
  EXPECT_EQ(on(eight, CpusetSpec::disjoint(2, 3)), "4-6");
  EXPECT_EQ(on(eight, CpusetSpec::overlap(0, 3, 0.5)), "0-2");
  EXPECT_EQ(on(eight, CpusetSpec::overlap(1, 3, 0.5)), "1-4");
  EXPECT_EQ(on(eight, CpusetSpec::overlap(2, 3, 1)), "2-6");
  EXPECT_EQ(on(eight, CpusetSpec::range(0, 0.1)), "no CPU is between 0 and 0.1 of 7 usable CPUs");
  EXPECT_EQ(on(two, CpusetSpec::disjoint(1, 2)), "1");
  EXPECT_EQ(on(two, CpusetSpec::disjoint(0, 3)), "2 usable CPUs cannot be cut into 3 parts: some would be empty");
}

TEST(CpusetSpec, RefusesWhatIsNoPartOfAnything) {
  for (const auto& [start, end] : {std::pair(-0.1, 0.5), {0.5, 0.5}, {0.6, 0.5}, {0, 1.1}, {std::nan(""), 1}})
    EXPECT_FALSE(CpusetSpec::range(start, end).validate()) << start << " " << end;
  for (const double fraction : {-0.1, 1.1, std::nan("")})
    EXPECT_FALSE(CpusetSpec::overlap(0, 2, fraction).validate()) << fraction;
  EXPECT_FALSE(CpusetSpec::disjoint(2, 2).validate());
  EXPECT_FALSE(CpusetSpec::cpus({}).validate());
  EXPECT_TRUE(CpusetSpec::overlap(1, 2, 1).validate());
}

TEST(CpusetSpec, WritesFractionsWithoutExponentsAndWithAllDigits) {
  EXPECT_EQ(CpusetSpec::range(1e-5, 0.5).to_text(), "range:0.00001-0.5");
  EXPECT_EQ(CpusetSpec::range(-0.0, 1).to_text(), "range:0-1");
  EXPECT_EQ(CpusetSpec::range(1.0 / 3, 1).to_text(), "range:0.3333333333333333-1");
  EXPECT_EQ(CpusetSpec::overlap(0, 2, 1e-7).to_text(), "overlap:0/2:0.0000001");
  EXPECT_EQ(CpusetSpec::range(1e-5, 0.5).describe(), "range(0.00001-0.5)");
}

TEST(CpusetSpec, ReadsWhatItWrites) {
  for (const char* text : {"all", "llc:0", "node:1", "slice:0/2", "random:2", "range:0.25-0.75", "disjoint:0/3",
                           "overlap:1/4:0.5", "0-3,8"}) {
    const auto spec = CpusetSpec::parse(text);
    ASSERT_TRUE(spec) << text;
    EXPECT_EQ(spec->to_text(), text);
  }
  for (const char* text : {"", "llc", "llc:", "llc:x", "llc:-1", "slice:2", "overlap:1/4", "range:1", "0-", "cpu:3"})
    EXPECT_FALSE(CpusetSpec::parse(text)) << text;
  EXPECT_EQ(CpusetSpec::parse("slice:2/2").error().message(), "there is no part 2 of 2; parts are counted from 0");
}

}  // namespace
}  // namespace ktstr
