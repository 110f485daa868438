// SPDX-License-Identifier: Apache-2.0
#include "scheduler/script_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace ktstr {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ScriptCommands, AreTheWordsAtThePlaceOfACommand) {
  EXPECT_THAT(commands_in_script("#!/bin/sh\nexec ./scx_real --slice 5 \"$@\"\n"), ElementsAre("./scx_real"));
  EXPECT_THAT(commands_in_script("A=1 B='x y' scx_a -v && scx_b; scx_c | tee log & (scx_d)\n"),
              ElementsAre("scx_a", "scx_b", "scx_c", "tee", "scx_d"));
  EXPECT_THAT(commands_in_script("if test -f x; then scx_a; else ! scx_b; fi\nwhile true; do sleep 1; done"),
              ElementsAre("scx_a", "scx_b", "sleep"));
  EXPECT_THAT(commands_in_script("env -i X=1 scx_a\nnohup setsid -f scx_b\nexec 'scx c'"),
              ElementsAre("env", "scx_a", "nohup", "setsid", "scx_b", "scx c"));
}

TEST(ScriptCommands, HoldExpansionsAsOneSign) {
  EXPECT_THAT(commands_in_script("exec \"$(dirname \"$0\")/scx_real\" -v"), ElementsAre("dirname", "$/scx_real"));
  EXPECT_THAT(commands_in_script("exec ${0%/*}/scx_real"), ElementsAre("$/scx_real"));
  EXPECT_THAT(commands_in_script("d=`pwd`; $d/scx_real; $SCX"), ElementsAre("$/scx_real", "$"));
}

TEST(ScriptCommands, WithASlashComeWhereverTheyStand) {
  EXPECT_THAT(commands_in_script("taskset 1 /opt/scx --x"), ElementsAre("taskset", "/opt/scx"));
}

TEST(ScriptCommands, AreNoCommentsFilesOrContinuedArguments) {
  EXPECT_THAT(commands_in_script("# scx_x\nscx_a \\\n  scx_b # scx_c\nscx_d > /tmp/log 2>&1\n"),
              ElementsAre("scx_a", "scx_d"));
}

TEST(ScriptCommands, SurviveNonsense) {
  for (const char* text : {"", "'", "\"", "$(", "`", "${", "$", "\\", ">", "<", "((((", "$($($($($($($($($($(a", "|;&"})
    commands_in_script(text);
  EXPECT_THAT(commands_in_script("#!/bin/sh"), IsEmpty());
}

class FindCommand : public testing::Test {
 protected:
  FindCommand() {
    EXPECT_TRUE(write_text(dir_.path() / "scx_real", "x"));
    fs::create_directory(dir_.path() / "sub");
    EXPECT_TRUE(write_text(dir_.path() / "sub/scx_deep", "x"));
  }
  std::pair<std::string, std::string> found(const std::string& word) {
    const auto command = find_command(word, dir_.path() / "script", "/ktstr/bin/script");
    if (!command) return {};
    return {command->host.string(), command->guest.string()};
  }
  std::string here(const std::string& name) { return (dir_.path() / name).string(); }
  TempDir dir_ = *TempDir::create(fs::temp_directory_path(), "ktstr-script");
};

TEST_F(FindCommand, LooksWhereTheShellOfTheGuestWillLook) {
  EXPECT_EQ(found("scx_real"), std::pair(here("scx_real"), std::string("/ktstr/bin/scx_real")));
  EXPECT_EQ(found("./scx_real"), std::pair(here("scx_real"), std::string("/scx_real")));
  EXPECT_EQ(found("sub/scx_deep"), std::pair(here("sub/scx_deep"), std::string("/sub/scx_deep")));
  EXPECT_EQ(found("$/scx_real"), std::pair(here("scx_real"), std::string("/ktstr/bin/scx_real")));
  EXPECT_EQ(found(here("scx_real")), std::pair(here("scx_real"), here("scx_real")));
  EXPECT_EQ(found("sleep").second, "/ktstr/bin/sleep");
}

TEST_F(FindCommand, GivesNothingForWhatIsNotThere) {
  for (const char* word : {"scx_none", "./scx_none", "$/scx_none", "$", "/nowhere/scx", "sub", "$/$"})
    EXPECT_EQ(found(word).first, "") << word;
}

}  // namespace
}  // namespace ktstr
