// SPDX-License-Identifier: Apache-2.0
#include "ktstr/expected_failure.h"

#include <gtest/gtest.h>

#include "model/expected_words.h"

namespace ktstr {
namespace {

bool has(const ExpectedFailure& expected, std::string_view line) { return ExpectedWords(expected).are_in(line); }

TEST(ExpectedFailure, SaysWhatItExpects) {
  EXPECT_TRUE(ExpectedFailure().empty());
  EXPECT_TRUE(ExpectedFailure("").empty());
  EXPECT_EQ(ExpectedFailure("stuck").describe(), "stuck");
  EXPECT_EQ(ExpectedFailure::with_text("stuck", "cg_0").describe(), "stuck with 'cg_0'");
  EXPECT_EQ(ExpectedFailure::with_pattern("stuck", "cg_[01]").describe(), "stuck matching 'cg_[01]'");
}

TEST(ExpectedFailure, RefusesWhatCannotCome) {
  EXPECT_TRUE(ExpectedFailure().validate());
  EXPECT_TRUE(ExpectedFailure("scheduler_rejected").validate());
  EXPECT_TRUE(ExpectedFailure::with_pattern("stuck", "cg_[01]+").validate());
  EXPECT_FALSE(ExpectedFailure("stucked").validate());
  EXPECT_FALSE(ExpectedFailure("note").validate()) << "no failure";
  EXPECT_FALSE(ExpectedFailure::with_text("", "boom").validate()) << "words of no kind";
  EXPECT_FALSE(ExpectedFailure::with_pattern("stuck", "cg_[").validate());
  EXPECT_FALSE(ExpectedFailure::with_pattern("stuck", "(a)\\1").validate());
  EXPECT_FALSE(ExpectedFailure::with_pattern("stuck", "a{90000}{90000}").validate());
  EXPECT_FALSE(ExpectedFailure::with_pattern("stuck", std::string(1025, 'a')).validate());
  ExpectedFailure both = ExpectedFailure::with_text("stuck", "a");
  both.pattern = "b";
  EXPECT_FALSE(both.validate());
}

TEST(ExpectedWords, AreATextAsItIsOrAPatternSomewhereInALine) {
  EXPECT_TRUE(has(ExpectedFailure::with_text("stuck", "a.c"), "x a.c y"));
  EXPECT_FALSE(has(ExpectedFailure::with_text("stuck", "a.c"), "x abc y"));
  EXPECT_TRUE(has(ExpectedFailure::with_pattern("stuck", "a.c"), "x abc y"));
  EXPECT_TRUE(has(ExpectedFailure::with_pattern("stuck", "CPU \\d+$"), "target CPU 12"));
  EXPECT_FALSE(has(ExpectedFailure::with_pattern("stuck", "^CPU"), "target CPU 12"));
  EXPECT_FALSE(has(ExpectedFailure::with_pattern("stuck", "["), "["));
}

TEST(ExpectedWords, SurviveALineOfAnyLength) {
  const std::string line(1 << 20, 'a');
  EXPECT_TRUE(has(ExpectedFailure::with_pattern("stuck", "^(a|b)*"), line));
  EXPECT_FALSE(has(ExpectedFailure::with_pattern("stuck", "(a+)+$"), line.substr(0, 1000) + "b"));
}

}  // namespace
}  // namespace ktstr
