// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/expect_table.h"

#include <gtest/gtest.h>

#include "scenario_file/scenario_file.h"

namespace ktstr {
namespace {

Result<ScenarioFile> file_expecting(const std::string& expect) {
  return parse_scenario(expect + "\n[[cgroup]]\nname = \"a\"\n", "t.toml");
}

std::string expected_mistake(const std::string& expect) {
  const auto file = file_expecting(expect);
  return file ? "none" : file.error().message();
}

TEST(Expect, IsAKindAloneOrWithWords) {
  EXPECT_TRUE(file_expecting("")->expect_failure.empty());
  EXPECT_EQ(file_expecting("expect = 'stuck'")->expect_failure, ExpectedFailure("stuck"));
  EXPECT_EQ(file_expecting("expect = { kind = 'stuck' }")->expect_failure, ExpectedFailure("stuck"));
  EXPECT_EQ(file_expecting("expect = { kind = 'scheduler_crashed', text = 'boom' }")->expect_failure,
            ExpectedFailure::with_text("scheduler_crashed", "boom"));
  EXPECT_EQ(file_expecting("expect = { kind = 'scheduler_crashed', pattern = 'bo+m' }")->expect_failure,
            ExpectedFailure::with_pattern("scheduler_crashed", "bo+m"));
}

TEST(Expect, IsRefusedWhereItCannotCome) {
  EXPECT_EQ(expected_mistake("expect = 'stucked'"),
            "t.toml:1:10: 'stucked' is not a kind of failure; did you mean 'stuck'?");
  EXPECT_EQ(expected_mistake("expect = 1"),
            "t.toml:1:10: 'expect' is a whole number; accepted: a kind of failure like \"stuck\", "
            "or { kind = \"stuck\", text = \"cg_0\" }");
  EXPECT_EQ(expected_mistake("expect = { text = 'boom' }"),
            "t.toml:1:10: expect has no kind; accepted: a kind of failure like \"stuck\", or { kind = \"stuck\", text "
            "= \"cg_0\" }");
  EXPECT_EQ(expected_mistake("expect = { kind = 'stuck', text = '' }"),
            "t.toml:1:35: 'text' is empty, which is in everything; leave it out");
  EXPECT_EQ(expected_mistake("expect = { kind = 'stuck', text = 'a', pattern = 'b' }"),
            "t.toml:1:10: an expected failure has a text or a pattern, not both");
  EXPECT_NE(expected_mistake("expect = { kind = 'stuck', pattern = '[' }")
                .find("t.toml:1:10: '[' is no regular expression: "),
            std::string::npos);
  EXPECT_EQ(expected_mistake("expect = { kind = 'note' }").substr(0, 49),
            "t.toml:1:10: 'note' is not a kind of failure; one");
  EXPECT_NE(expected_mistake("expect = { kind = 'stuck', word = 'b' }").find("t.toml:1:"), std::string::npos);
}

}  // namespace
}  // namespace ktstr
