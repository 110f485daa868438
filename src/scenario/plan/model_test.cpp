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

TEST(CgroupDef, GivesItsDefaultsToAllItsGroups) {
  const auto def = CgroupDef::named("cg_0").workers(2).nice(5).work_type(YieldHeavy{}).work({.workers = 3});
  ASSERT_EQ(def.merged_work().size(), 2u);
  EXPECT_EQ(def.merged_work()[0].workers, 2);
  EXPECT_EQ(def.merged_work()[0].nice, 5);
  EXPECT_EQ(def.merged_work()[1].nice, 5);
  EXPECT_EQ(describe(def.work_specs()[0].type), "YieldHeavy");
  EXPECT_EQ(def.cpuset_spec(), std::nullopt);
  EXPECT_TRUE(def.knobs().empty());
}

TEST(CgroupDef, ThrowsOnANameThatIsNoPathOfComponents) {
  for (const std::string& name :
       {std::string(), std::string("/a"), std::string("a//b"), std::string("a/.."), std::string("."), std::string(".."),
        std::string("a\nb"), std::string("a\0b", 3), std::string(201, 'x')})
    EXPECT_THROW(CgroupDef::named(name), std::invalid_argument) << name;
  EXPECT_NO_THROW(CgroupDef::named(std::string(200, 'x')));
  EXPECT_NO_THROW(CgroupDef::named("..."));
  EXPECT_NO_THROW(CgroupDef::named("a/b"));
}

TEST(CgroupDef, ThrowsOnNumbersOutOfRange) {
  auto def = CgroupDef::named("cg_0");
  EXPECT_THROW(def.workers(0), std::invalid_argument);
  EXPECT_THROW(def.nice(-21), std::invalid_argument);
  EXPECT_THROW(def.nice(20), std::invalid_argument);
  EXPECT_THROW(def.cpu_weight(0), std::invalid_argument);
  EXPECT_THROW(def.cpu_weight(10001), std::invalid_argument);
  EXPECT_THROW(def.workers_pct(0), std::invalid_argument);
  EXPECT_THROW(def.comm("sixteen-bytes-xx"), std::invalid_argument);
  for (const std::string& name : {std::string(), std::string("sixteen-bytes-xx"), std::string("a\0b", 3)})
    EXPECT_THROW(def.pcomm(name), std::invalid_argument) << name;
  EXPECT_THROW(def.work({.pcomm = ""}), std::invalid_argument);
  EXPECT_THROW(def.work({.workers = 0}), std::invalid_argument);
  EXPECT_THROW(def.work({.nice = 99}), std::invalid_argument);
  EXPECT_NO_THROW(def.pcomm("fifteen-bytes-x").work({.pcomm = "x"}));
  EXPECT_NO_THROW(def.workers(1).nice(-20).nice(19).cpu_weight(1).cpu_weight(10000));
}

TEST(CgroupDef, SaysWhichRuleWasBroken) {
  try {
    CgroupDef::named("cg_0").workers(0);
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "cgroup 'cg_0': 0 workers are not valid; accepted: 1 to 4096");
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
  EXPECT_EQ(HoldSpec::fixed(-1ms).validate().error().message(), "a hold of -1ms is not valid; a time is not negative");
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
