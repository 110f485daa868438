// SPDX-License-Identifier: Apache-2.0
#include "main/registry.h"

#include <gmock/gmock.h>

#include "base/file.h"

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
  EXPECT_EQ(tests[0].attributes.expect_failure.kind, "stuck");
  EXPECT_EQ(tests[1].name, "registered_without");
  EXPECT_EQ(tests[1].attributes.topology, TestAttributes{}.topology);
}

TEST(Registry, RefusesANameThatIsTakenAndNamesBothPlaces) {
  const std::vector<TestEntry> tests = {entry("a", "a.cpp", 1), entry("b", "b.cpp", 2)};
  EXPECT_EQ(registration_mistake(tests, entry("b", "c.cpp", 3)), "two tests are named b: b.cpp:2 and c.cpp:3");
  EXPECT_EQ(registration_mistake(tests, entry("c", "c.cpp", 3)), std::nullopt);
  EXPECT_THAT(registration_mistake(tests, entry("", "c.cpp", 3)).value_or(""), testing::HasSubstr("c.cpp:3"));
}

KTSTR_SCHEDULER(registered, {.program = "./scx", .args = {"-v"}, .checks = {.progress = false}});

TEST(Registry, HoldsTheSchedulersOfTheProgram) {
  const auto& schedulers = registered_schedulers();
  ASSERT_EQ(schedulers.size(), 1U);
  EXPECT_EQ(schedulers[0].name, "registered");
  EXPECT_EQ(schedulers[0].program, "./scx");
  EXPECT_EQ(schedulers[0].checks.progress, false);
  EXPECT_THAT(schedulers[0].file, testing::EndsWith("registry_test.cpp"));
  EXPECT_GT(schedulers[0].line, 0);
}

// Ninja compiles in the build directory and names sources from there.
TEST(Registry, FindsTheSourceOfADefinitionFromAnywhere) {
  const auto dir = TempDir::create(fs::temp_directory_path(), "registry_test");
  ASSERT_TRUE(dir.has_value());
  const fs::path tree = dir->path();
  fs::create_directories(tree / "build" / "bin");
  fs::create_directories(tree / "tests");
  ASSERT_TRUE(write_text(tree / "tests" / "t.cpp", "").has_value());
  const auto file_of = [&](const char* file) {
    SchedulerDefinition definition;
    definition.file = file;
    return schedulers_declared_in(tree / "build" / "bin" / "t", {definition}).at(0).file;
  };
  EXPECT_EQ(file_of("../tests/t.cpp"), (tree / "tests" / "t.cpp").string());
  EXPECT_EQ(file_of("/abs/t.cpp"), "/abs/t.cpp");
  EXPECT_EQ(file_of("../tests/gone.cpp"), (tree / "build" / "bin" / "gone.cpp").string());
}

TEST(RegistryDeathTest, AProgramWithTwoSchedulersOfOneNameDoesNotStart) {
  EXPECT_DEATH(SchedulerRegistration("registered", "other.cpp", 5, {}),
               "error: two schedulers are named registered: .*registry_test.cpp:[0-9]+ and other.cpp:5");
}

TEST(RegistryDeathTest, AProgramWithTwoTestsOfOneNameDoesNotStart) {
  EXPECT_DEATH(TestRegistration("registered_without", nothing, "other.cpp", 5),
               "error: two tests are named registered_without: .*registry_test.cpp:[0-9]+ and other.cpp:5");
}

}  // namespace
}  // namespace ktstr
