// SPDX-License-Identifier: Apache-2.0
#include "scheduler/command.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(SplitCommand, CutsAtBlanks) {
  EXPECT_THAT(*split_command("  scx_ktstr --slice\t5000  -v "), ElementsAre("scx_ktstr", "--slice", "5000", "-v"));
}

TEST(SplitCommand, GivesNothingForNothing) { EXPECT_THAT(*split_command(" "), IsEmpty()); }

TEST(SplitCommand, KeepsWhatIsQuotedTogetherAndEmptyWords) {
  EXPECT_THAT(*split_command(R"(a 'b c' "d e"f '' "")"), ElementsAre("a", "b c", "d ef", "", ""));
}

TEST(SplitCommand, TakesBackslashesAsTheShellDoes) {
  EXPECT_THAT(*split_command(R"(a\ b "\"x\" \n" '\')"), ElementsAre("a b", R"("x" \n)", R"(\)"));
}

TEST(SplitCommand, ExpandsNothing) { EXPECT_THAT(*split_command("$HOME *"), ElementsAre("$HOME", "*")); }

TEST(SplitCommand, RefusesAnOpenQuote) {
  const auto words = split_command("a 'b");
  ASSERT_FALSE(words);
  EXPECT_EQ(words.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(words.error().message(), HasSubstr("never closed"));
  EXPECT_FALSE(split_command("a \"b"));
  EXPECT_FALSE(split_command("a \\"));
}

}  // namespace
}  // namespace ktstr
