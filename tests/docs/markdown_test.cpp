// SPDX-License-Identifier: Apache-2.0
#include "markdown.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Markdown, BlocksHaveLanguageTextAndLine) {
  const auto blocks = fenced_blocks("# Title\n\n```sh\n# runs\ntrue\n```\nprose\n```\nplain\n```\n");
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_EQ(blocks[0].language, "sh");
  EXPECT_EQ(blocks[0].text, "# runs\ntrue\n");
  EXPECT_EQ(blocks[0].line, 3);
  EXPECT_EQ(blocks[1].language, "");
  EXPECT_EQ(blocks[1].text, "plain\n");
  EXPECT_EQ(blocks[1].line, 8);
}

TEST(Markdown, BlocksOfListsLoseTheFencesIndentation) {
  const auto blocks = fenced_blocks("- item\n\n  ```toml title\n  a = [\n    1,\n  ]\n\n  ```\n");
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks[0].language, "toml");
  EXPECT_EQ(blocks[0].text, "a = [\n  1,\n]\n\n");
}

TEST(Markdown, LongerFencesHoldShorterOnes) {
  const auto blocks = fenced_blocks("````md\n```sh\ntrue\n```\n````\n");
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks[0].text, "```sh\ntrue\n```\n");
}

TEST(Markdown, OpenBlocksReachToTheEnd) {
  const auto blocks = fenced_blocks("```sh\r\ntrue\r\n```sh\r\nfalse");
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks[0].language, "sh");
  EXPECT_EQ(blocks[0].text, "true\n```sh\nfalse\n");
}

TEST(Markdown, NoBlocks) {
  EXPECT_THAT(fenced_blocks(""), IsEmpty());
  EXPECT_THAT(fenced_blocks("`` x ``\n```in``` line\n"), IsEmpty());
}

TEST(Markdown, ShBlocksRunWhenTheySaySo) {
  const auto script = runnable({.language = "sh", .text = "# runs\ntrue\n"});
  ASSERT_TRUE(script);
  EXPECT_EQ(script->kind, Runnable::Kind::kScript);
  EXPECT_FALSE(script->is_long);
  EXPECT_TRUE(runnable({.language = "sh", .text = "# runs long\ntrue\n"})->is_long);
  EXPECT_FALSE(runnable({.language = "sh", .text = "true\n# runs\n"}));
  EXPECT_FALSE(runnable({.language = "sh", .text = ""}));
  EXPECT_FALSE(runnable({.language = "cpp", .text = "# runs\n"}));
}

TEST(Markdown, TomlBlocksRunUnderTheirName) {
  const auto scenario = runnable({.language = "toml", .text = "# file: two-steps.toml\nname = \"x\"\n"});
  ASSERT_TRUE(scenario);
  EXPECT_EQ(scenario->kind, Runnable::Kind::kScenario);
  EXPECT_EQ(scenario->name, "two-steps.toml");
  EXPECT_FALSE(runnable({.language = "toml", .text = "# file: ../x.toml\n"}));
  EXPECT_FALSE(runnable({.language = "toml", .text = "# file: x.cpp\n"}));
  EXPECT_FALSE(runnable({.language = "toml", .text = "name = \"x\"\n"}));
}

TEST(Markdown, RelativeLinksAreThoseToFiles) {
  EXPECT_THAT(relative_links("[a](b.md), [two\nlines](../c.md#part) [`code`](d/ \"title\")\n"
                             "[web](https://example.org/) [mail](mailto:a@example.org) [here](#part)\n"
                             "`[in](code)`\n```cpp\n[](int) {}\n```\n![picture](e.png)\n"),
              ElementsAre("b.md", "../c.md", "d/", "e.png"));
}

}  // namespace
}  // namespace ktstr
