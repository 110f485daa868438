// SPDX-License-Identifier: Apache-2.0
#include "main/test_program.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "guest/body.h"

namespace ktstr {
namespace {

using testing::HasSubstr;

Result<AssertResult> does_nothing(Ctx&) { return AssertResult::pass(); }

std::vector<TestEntry> some_tests() {
  return {{"two_cgroups", {.scheduler = "scx_ktstr"}, does_nothing, "a.cpp", 1},
          {"three_cgroups", {}, does_nothing, "a.cpp", 9}};
}

struct Ran {
  int exit;
  std::string out, err;
};

Ran run_program(const std::vector<TestEntry>& tests, const std::vector<std::string>& arguments) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int exit = run_test_program(tests, "my_tests", arguments);
  return {exit, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

TEST(TestProgram, ListsOneNameALine) {
  const Ran ran = run_program(some_tests(), {"--list"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.out, "two_cgroups\nthree_cgroups\n");
  EXPECT_EQ(ran.err, "");
}

TEST(TestProgram, ListsWhatTheFilterSelects) {
  EXPECT_EQ(run_program(some_tests(), {"--list", "--filter", "two*"}).out, "two_cgroups\n");
}

TEST(TestProgram, ListsWhatTestsAskForAsJson) {
  const auto json = nlohmann::json::parse(run_program(some_tests(), {"--list", "--json"}).out);
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[0]["scheduler"], "scx_ktstr");
  EXPECT_EQ(json[0]["duration"], "1s");
  EXPECT_EQ(json[1]["line"], 9);
}

TEST(TestProgram, AFilterThatSelectsNothingIsAnErrorAndNoSuccess) {
  const Ran ran = run_program(some_tests(), {"--filter", "four*"});
  EXPECT_EQ(ran.exit, 64);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "ktstr: error: no test matches --filter 'four*'\n  hint: --list shows the names\n");
}

TEST(TestProgram, WithoutTestsItListsNothingAndRunsNothing) {
  EXPECT_EQ(run_program({}, {"--list"}).exit, 0);
  EXPECT_EQ(run_program({}, {}).exit, 64);
}

TEST(TestProgram, RefusesFlagsThatCannotWork) {
  const Ran ran = run_program(some_tests(), {"--topology", "2n3l1c1t"});
  EXPECT_EQ(ran.exit, 64);
  EXPECT_THAT(ran.err, HasSubstr("--topology"));
}

TEST(TestProgram, ABodyThatItDoesNotHaveIsRefused) {
  const Ran ran = run_program(some_tests(), {std::string(kBodyArgument) + "four"});
  EXPECT_EQ(ran.exit, 64);
  EXPECT_THAT(ran.err, HasSubstr("'four'"));
}

TEST(TestProgram, CountsTestsByTheirOutcome) {
  EXPECT_EQ(summary_line({{Outcome::kPass, 2}, {Outcome::kFail, 1}}), "3 tests: 2 passed, 1 failed");
  EXPECT_EQ(summary_line({{Outcome::kPass, 1}}), "1 test: 1 passed");
  EXPECT_EQ(summary_line({{Outcome::kSkip, 1}, {Outcome::kInfrastructure, 1}, {Outcome::kInterrupted, 1}}),
            "3 tests: 1 skipped, 1 could not be run, 1 interrupted");
  EXPECT_EQ(summary_line({}), "0 tests: nothing ran");
  EXPECT_EQ(summary_line({{Outcome::kFail, 1}}, 4), "5 tests: 1 failed, 4 not run");
}

}  // namespace
}  // namespace ktstr
