// SPDX-License-Identifier: Apache-2.0
#include "scheduler/elf_trim.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/file.h"
#include "base/system/process.h"
#include "kernel/elf.h"

namespace ktstr {
namespace {

const fs::path kFixtureDir = KTSTR_FIXTURE_DIR;
constexpr Bytes kLimit = Bytes{2} << 30;

struct Trimmed {
  TempDir dir;
  std::size_t before = 0, after = 0;
};

Trimmed trim_into(const fs::path& program) {
  auto dir = TempDir::create(fs::temp_directory_path(), "ktstr-trim");
  const ByteVector small = *read_without_debug_info(program, kLimit);
  EXPECT_TRUE(write_atomically(dir->path() / "program", small, 0755));
  return {std::move(*dir), fs::file_size(program), small.size()};
}

TEST(WithoutDebugInfo, LeavesAProgramThatRuns) {
  const Trimmed trimmed = trim_into(kFixtureDir / "bin/scheduler_fixture_program");
  EXPECT_LT(trimmed.after, trimmed.before);
  const auto run = run_captured({.argv = {(trimmed.dir.path() / "program").string()},
                                 .env = {"LD_LIBRARY_PATH=" + (kFixtureDir / "lib").string()}},
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
  const Trimmed trimmed = trim_into(kFixtureDir / "bin/scheduler_fixture_program");
  const auto small = read_bytes(trimmed.dir.path() / "program");
  const auto again = ElfFile::parse(*small);
  ASSERT_TRUE(again) << again.error().render();
  EXPECT_TRUE(again->sections().empty());
  EXPECT_TRUE(again->interpreter());
  EXPECT_EQ(*read_without_debug_info(trimmed.dir.path() / "program", kLimit), *small);
}

TEST(WithoutDebugInfo, DoesNotTouchAFileWithoutDebugInformation) {
  EXPECT_EQ(*read_without_debug_info("/bin/sh", kLimit), *read_bytes("/bin/sh"));
}

// Whoever parses it afterwards says what is wrong with it.
TEST(WithoutDebugInfo, DoesNotTouchAFileWhoseTablesLie) {
  const ByteVector good = *read_bytes(kFixtureDir / "bin/scheduler_fixture_program");
  auto dir = TempDir::create(fs::temp_directory_path(), "ktstr-trim");
  const fs::path path = dir->path() / "program";
  auto with = [&](auto&& change) {
    ByteVector bytes = good;
    Elf64_Ehdr header;
    std::memcpy(&header, bytes.data(), sizeof header);
    change(header, bytes);
    std::memcpy(bytes.data(), &header, std::min(bytes.size(), sizeof header));
    EXPECT_TRUE(write_atomically(path, bytes));
    const auto read = read_without_debug_info(path, kLimit);
    return read && *read == bytes;
  };
  EXPECT_TRUE(with([](auto& header, auto&) { header.e_shoff = ~std::uint64_t{0} - 8; }));
  EXPECT_TRUE(with([](auto& header, auto&) { header.e_shstrndx = header.e_shnum; }));
  EXPECT_TRUE(with([](auto& header, auto&) { header.e_shentsize = 1; }));
  EXPECT_TRUE(with([](auto& header, auto&) { header.e_phoff = header.e_phoff * 1000003; }));
  EXPECT_TRUE(with([](auto& header, auto&) { header.e_phnum = 0xffff; }));
  EXPECT_TRUE(with([](auto& header, auto&) { header.e_phentsize = 0; }));
  EXPECT_TRUE(with([](auto& header, auto& bytes) {
    Elf64_Phdr segment;
    std::memcpy(&segment, bytes.data() + header.e_phoff, sizeof segment);
    segment.p_filesz = ~std::uint64_t{0};
    std::memcpy(bytes.data() + header.e_phoff, &segment, sizeof segment);
  }));
  EXPECT_TRUE(with([](auto&, auto& bytes) { bytes.resize(SELFMAG); }));
}

TEST(WithoutDebugInfo, SaysWhatCannotBeRead) {
  EXPECT_EQ(read_without_debug_info("/no/such/program", kLimit).error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace ktstr
