// SPDX-License-Identifier: Apache-2.0
#include "main/registry.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

KTSTR_TEST(registered_with_attributes, {.topology = "1n2l2c1t", .expect_failure = "stuck"}) {
  return AssertResult::pass();
}
KTSTR_TEST(registered_without) { return AssertResult::pass(); }

Result<AssertResult> nothing(Ctx&) { return AssertResult::pass(); }

TestEntry entry(const char* name, const char* file, int line) { return {name, {}, nothing, file, line}; }

TEST(Registry, HoldsTheTestsOfTheProgramInTheirOrder) {
  const auto& tests = registered_tests();
  ASSERT_EQ(tests.size(), 2U);
  EXPECT_EQ(tests[0].name, "registered_with_attributes");
  EXPECT_EQ(tests[0].attributes.topology, "1n2l2c1t");
  EXPECT_EQ(tests[0].attributes.expect_failure, "stuck");
  EXPECT_EQ(tests[1].name, "registered_without");
  EXPECT_EQ(tests[1].attributes.topology, TestAttributes{}.topology);
}

TEST(Registry, RefusesANameThatIsTakenAndNamesBothPlaces) {
  const std::vector<TestEntry> tests = {entry("a", "a.cpp", 1), entry("b", "b.cpp", 2)};
  EXPECT_EQ(registration_mistake(tests, entry("b", "c.cpp", 3)), "two tests are named b: b.cpp:2 and c.cpp:3");
  EXPECT_EQ(registration_mistake(tests, entry("c", "c.cpp", 3)), std::nullopt);
  EXPECT_THAT(registration_mistake(tests, entry("", "c.cpp", 3)).value_or(""), testing::HasSubstr("c.cpp:3"));
}

TEST(RegistryDeathTest, AProgramWithTwoTestsOfOneNameDoesNotStart) {
  EXPECT_DEATH(TestRegistration("registered_without", nothing, "other.cpp", 5),
               "error: two tests are named registered_without: .*registry_test.cpp:[0-9]+ and other.cpp:5");
}

}  // namespace
}  // namespace ktstr
