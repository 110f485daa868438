// SPDX-License-Identifier: Apache-2.0
#include "cli/manual/man_page.h"

#include <gmock/gmock.h>

namespace ktstr::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string page_of(const CommandNode& command) { return man_page(command, command, "2026-01-31", "ktstr 0.1.0"); }

TEST(ManPage, TextOfTheHelpIsNoMacro) {
  const std::string page = page_of({.name = "t",
                                    .path = "t",
                                    .help = "it's `this` \\n",
                                    .footer = ".so /etc/passwd\n'a",
                                    .options = {{.names = {"--a-b", "-a"}, .type = "N", .help = ".1 of 2^N"}},
                                    .commands = {}});
  EXPECT_THAT(page, HasSubstr("it\\(aqs \\(gathis\\(ga \\en\n"));
  EXPECT_THAT(page, HasSubstr("\n\\&.so /etc/passwd\n"));
  EXPECT_THAT(page, HasSubstr("\n\\&\\(aqa\n"));
  EXPECT_THAT(page, HasSubstr("\\fB\\-\\-a\\-b\\fR, \\fB\\-a\\fR \\fIN\\fR\n\\&.1 of 2\\(haN.\n"));
}

TEST(ManPage, EachFlagAndCommandIsInAPage) {
  const CommandNode root = command_tree();
  std::string pages = page_of(root);
  for (const CommandNode& each : root.commands) {
    const std::string page = man_page(root, each, "2026-01-31", "ktstr 0.1.0");
    EXPECT_THAT(page, HasSubstr(".SH NAME\n"));
    for (const OptionNode& option : each.options) {
      if (option.positional) continue;
      std::string name = option.names.front();
      for (std::size_t at = 0; (at = name.find('-', at)) != std::string::npos; at += 2) name.replace(at, 1, "\\-");
      EXPECT_THAT(page, HasSubstr("\\fB" + name + "\\fR")) << each.path;
    }
    for (const CommandNode& below : each.commands) EXPECT_THAT(page, HasSubstr(".SS " + below.name + "\n"));
    EXPECT_THAT(page_of(root), HasSubstr("ktstr\\-" + each.name + "\\fR(1)"));
  }
}

}  // namespace
}  // namespace ktstr::cli
