// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>

#include "ktstr/scenario.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;

TestTopology machine() { return TestTopology::expected_for(Topology{2, 2, 2, 1}); }

std::string cpus_of(const CpusetSpec& spec) {
  const auto cpus = spec.resolve(machine());
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
  EXPECT_EQ(cpus_of(CpusetSpec::slice(0, 0)), "CPUs cannot be cut into 0 parts; at least 1");
  EXPECT_EQ(cpus_of(CpusetSpec::slice(0, 5)), "4 CPUs cannot be cut into 5 parts: some would be empty");
}

TEST(CpusetSpec, ChoosesRandomCpusFromTheSeed) {
  std::set<std::string> pairs;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto cpus = CpusetSpec::random(2).resolve(machine(), seed);
    ASSERT_TRUE(cpus);
    EXPECT_EQ(cpus->size(), 2u);
    EXPECT_TRUE(cpus->minus(machine().cpus).empty());
    EXPECT_EQ(CpusetSpec::random(2).resolve(machine(), seed)->to_string(), cpus->to_string());
    pairs.insert(cpus->to_string());
  }
  EXPECT_EQ(pairs.size(), 6u);
  EXPECT_EQ(cpus_of(CpusetSpec::random(4)), "0-3");
  EXPECT_EQ(cpus_of(CpusetSpec::random(5)), "5 CPUs cannot be chosen: the machine has 4 CPUs");
  EXPECT_EQ(cpus_of(CpusetSpec::random(0)), "0 CPUs cannot be chosen; at least 1");
}

TEST(CpusetSpec, RefusesANodeWithoutCpus) {
  TestTopology topology = machine();
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

TEST(CgroupDef, CountsTheWorkersOfAllItsGroups) {
  const auto def = CgroupDef::named("cg_0").workers(2).nice(5).work_type(YieldHeavy{}).work({.workers = 3});
  EXPECT_EQ(def.worker_count(), 5);
  ASSERT_EQ(def.work_specs().size(), 2u);
  EXPECT_EQ(def.work_specs()[0].nice, 5);
  EXPECT_EQ(describe(def.work_specs()[0].type), "YieldHeavy");
  EXPECT_EQ(def.cpuset_spec(), std::nullopt);
  EXPECT_EQ(def.weight(), std::nullopt);
}

TEST(CgroupDef, ThrowsOnANameThatIsNoPathComponent) {
  for (const std::string& name : {std::string(), std::string("a/b"), std::string("."), std::string(".."),
                                  std::string("a\nb"), std::string("a\0b", 3), std::string(201, 'x')})
    EXPECT_THROW(CgroupDef::named(name), std::invalid_argument) << name;
  EXPECT_NO_THROW(CgroupDef::named(std::string(200, 'x')));
  EXPECT_NO_THROW(CgroupDef::named("..."));
}

TEST(CgroupDef, ThrowsOnNumbersOutOfRange) {
  auto def = CgroupDef::named("cg_0");
  EXPECT_THROW(def.workers(0), std::invalid_argument);
  EXPECT_THROW(def.nice(-21), std::invalid_argument);
  EXPECT_THROW(def.nice(20), std::invalid_argument);
  EXPECT_THROW(def.cpu_weight(0), std::invalid_argument);
  EXPECT_THROW(def.cpu_weight(10001), std::invalid_argument);
  EXPECT_THROW(def.work({.workers = 0}), std::invalid_argument);
  EXPECT_THROW(def.work({.nice = 99}), std::invalid_argument);
  EXPECT_NO_THROW(def.workers(1).nice(-20).nice(19).cpu_weight(1).cpu_weight(10000));
}

TEST(CgroupDef, SaysWhichRuleWasBroken) {
  try {
    CgroupDef::named("cg_0").workers(0);
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "0 workers cannot be; accepted: 1 to 4096");
  }
}

TEST(HoldSpec, AcceptsPositiveFractionsAndTimesFromZero) {
  EXPECT_TRUE(HoldSpec::full().validate());
  EXPECT_TRUE(HoldSpec::fraction(0.001).validate());
  EXPECT_TRUE(HoldSpec::fixed(0ns).validate());
}

TEST(HoldSpec, RefusesWhatIsNoLengthOfTime) {
  for (const double fraction : {0.0, -0.5, std::nan(""), std::numeric_limits<double>::infinity()})
    EXPECT_EQ(HoldSpec::fraction(fraction).validate().error().code(), ErrorCode::kInvalidArgument) << fraction;
  EXPECT_EQ(HoldSpec::fixed(-1ms).validate().error().message(), "a hold of -1ms cannot be; a time is not negative");
}

TEST(HoldSpec, IsNeverLongerThanTheDuration) {
  EXPECT_EQ(HoldSpec::full().length(2s), 2s);
  EXPECT_EQ(HoldSpec::fraction(0.25).length(2s), 500ms);
  EXPECT_EQ(HoldSpec::fraction(1e300).length(2s), 2s);
  EXPECT_EQ(HoldSpec::fixed(300ms).length(2s), 300ms);
  EXPECT_EQ(HoldSpec::fixed(3s).length(2s), 2s);
}

TEST(HoldSpec, DescribesItself) {
  EXPECT_EQ(HoldSpec::full().describe(), "full");
  EXPECT_EQ(HoldSpec::fraction(0.5).describe(), "0.5 of the duration");
  EXPECT_EQ(HoldSpec::fixed(300ms).describe(), "300ms");
}

}  // namespace
}  // namespace ktstr
