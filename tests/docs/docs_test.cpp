// SPDX-License-Identifier: Apache-2.0
//
// README.md and docs/: what is marked as runnable does run, and links lead somewhere.
#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>
#include <ostream>
#include <stdexcept>

#include "guests.h"
#include "markdown.h"

namespace ktstr {
namespace {

constexpr std::chrono::minutes kBlockPatience{9};

const fs::path& source_dir() {
  static const fs::path kDir = KTSTR_SOURCE_DIR;
  return kDir;
}

std::string read_page(const fs::path& page) {
  auto text = read_text(page);
  if (!text) throw std::runtime_error(text.error().render());
  return *std::move(text);
}

// README.md and the *.md below `dir`, in an order that does not change.
std::vector<fs::path> pages(const fs::path& dir) {
  std::vector<fs::path> found{source_dir() / "README.md"};
  for (const auto& entry : fs::recursive_directory_iterator(dir))
    if (entry.path().extension() == ".md") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

struct DocumentedBlock {
  std::string test_name;
  std::string place;  // PAGE:LINE
  std::string text;
  Runnable how;
};

void PrintTo(const DocumentedBlock& block, std::ostream* out) { *out << block.place; }

// "writing-a-test" is "WritingATest".
std::string camel_case(const std::string& name) {
  std::string camel;
  bool upper = true;
  for (const unsigned char c : name) {
    if (std::isalnum(c) != 0) camel.push_back(static_cast<char>(upper ? std::toupper(c) : c));
    upper = std::isalnum(c) == 0;
  }
  return camel;
}

std::vector<DocumentedBlock> runnable_blocks() {
  std::vector<DocumentedBlock> found;
  for (const auto& page : pages(source_dir() / "docs" / "guide")) {
    int number = 0;
    for (const auto& block : fenced_blocks(read_page(page)))
      if (auto how = runnable(block))
        found.push_back({.test_name = (how->is_long ? "Long" : "") + camel_case(page.stem()) + std::to_string(++number),
                         .place = page.lexically_relative(source_dir()).string() + ":" + std::to_string(block.line),
                         .text = block.text,
                         .how = *std::move(how)});
  }
  return found;
}

// Pages say build/bin; we may have been built elsewhere.
std::string with_our_programs(std::string script) {
  constexpr std::string_view kDocumented = "build/bin/";
  const std::string ours = fs::path(KTSTR_PROGRAM).parent_path().string() + "/";
  for (auto at = script.find(kDocumented); at != std::string::npos; at = script.find(kDocumented, at + ours.size()))
    script.replace(at, kDocumented.size(), ours);
  return script;
}

class Docs : public GuestTest, public testing::WithParamInterface<DocumentedBlock> {};

TEST_P(Docs, Runs) {
  const DocumentedBlock& block = GetParam();
  // For its environment: places for runs and guest RAM that are ours.
  Subprocess::Options options = command({});
  if (block.how.kind == Runnable::Kind::kScript) {
    options.argv = {"bash", "-eu", "-c", with_our_programs(block.text)};
    options.working_dir = source_dir();
  } else {
    options.argv = {KTSTR_PROGRAM, "run", block.how.name, "--mode", "det"};
    options.working_dir = write(block.how.name, block.text).parent_path();
  }
  const auto output = run_captured(options, kBlockPatience);
  ASSERT_TRUE(output) << block.place << ": " << output.error().render();
  EXPECT_TRUE(output->status.success()) << block.place << ": " << output->status.describe() << "\n"
                                        << block.text << output->out << output->err;
}

INSTANTIATE_TEST_SUITE_P(Blocks, Docs, testing::ValuesIn(runnable_blocks()),
                         [](const auto& block) { return block.param.test_name; });

TEST(Pages, HaveBlocksOfBothKindsToRun) {
  const auto blocks = runnable_blocks();
  for (const auto kind : {Runnable::Kind::kScript, Runnable::Kind::kScenario})
    EXPECT_TRUE(std::any_of(blocks.begin(), blocks.end(), [&](const auto& block) { return block.how.kind == kind; }));
}

// Tests need no network, and change nothing outside of their own directories.
TEST(Pages, HaveNoBlockToRunThatFetches) {
  for (const auto& block : runnable_blocks())
    for (const char* fetches : {"kernel fetch", "kernel remove", "dev.sh"})
      EXPECT_EQ(block.text.find(fetches), std::string::npos) << block.place << ": " << fetches;
}

TEST(Pages, LinkToFilesThatExist) {
  for (const auto& page : pages(source_dir() / "docs"))
    for (const auto& target : relative_links(read_page(page)))
      EXPECT_TRUE(fs::exists(page.parent_path() / target)) << page.string() << " links to " << target;
}

}  // namespace
}  // namespace ktstr
