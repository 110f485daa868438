// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/process.h"
#include "scheduler/elf_trim.h"

namespace ktstr {
namespace {

const fs::path kFixture = KTSTR_FIXTURE_DIR;

struct Trimmed {
  TempDir dir;
  std::size_t before = 0, after = 0;
};

Trimmed trim_into(const fs::path& program) {
  auto dir = TempDir::create(fs::temp_directory_path(), "ktstr-trim");
  const auto bytes = read_bytes(program);
  const ByteVector small = without_debug_info(*ElfFile::parse(*bytes));
  EXPECT_TRUE(write_atomically(dir->path() / "program", small, 0755));
  return {std::move(*dir), bytes->size(), small.size()};
}

TEST(WithoutDebugInfo, LeavesAProgramThatRuns) {
  const Trimmed trimmed = trim_into(kFixture / "bin/scheduler_fixture_program");
  EXPECT_LT(trimmed.after, trimmed.before);
  const auto run = run_captured({.argv = {(trimmed.dir.path() / "program").string()},
                                 .env = {"LD_LIBRARY_PATH=" + (kFixture / "lib").string()}},
                                std::chrono::seconds(30));
  ASSERT_TRUE(run) << run.error().render();
  EXPECT_TRUE(run->status.success()) << run->status.describe() << run->err;
}

// The largest program at hand, with exceptions, thread-local storage and initialisers.
TEST(WithoutDebugInfo, LeavesThisTestRunning) {
  const Trimmed trimmed = trim_into(*own_executable());
  const auto run = run_captured({.argv = {(trimmed.dir.path() / "program").string(), "--gtest_filter=SplitCommand.*"}},
                                std::chrono::seconds(30));
  ASSERT_TRUE(run) << run.error().render();
  EXPECT_TRUE(run->status.success()) << run->status.describe() << run->err;
}

TEST(WithoutDebugInfo, LeavesNoSectionTable) {
  const auto bytes = read_bytes(kFixture / "bin/scheduler_fixture_program");
  const ByteVector small = without_debug_info(*ElfFile::parse(*bytes));
  const auto again = ElfFile::parse(small);
  ASSERT_TRUE(again) << again.error().render();
  EXPECT_TRUE(again->sections().empty());
  EXPECT_TRUE(again->interpreter());
  EXPECT_EQ(without_debug_info(*again), small);
}

TEST(WithoutDebugInfo, DoesNotTouchAFileWithoutDebugInformation) {
  const auto bytes = read_bytes("/bin/sh");
  EXPECT_EQ(without_debug_info(*ElfFile::parse(*bytes)), *bytes);
}

}  // namespace
}  // namespace ktstr
