// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/hash.h"

namespace ktstr {
namespace {

TEST(ReadText, ReadsProcFilesThatSayTheyAreEmpty) { EXPECT_FALSE(read_text("/proc/self/status")->empty()); }

TEST(ReadText, NamesTheMissingFile) {
  const auto result = read_text("/nonexistent/file");
  EXPECT_EQ(result.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(result.error().message().find("/nonexistent/file"), std::string::npos);
}

TEST(ReadText, RefusesMoreThanTheLimitAndDirectories) {
  const auto dir = *TempDir::create(fs::temp_directory_path(), "ktstr-base-test");
  ASSERT_TRUE(write_text(dir.path() / "f", std::string(100, 'x')));
  EXPECT_FALSE(read_text(dir.path() / "f", 99));
  EXPECT_EQ(read_text(dir.path() / "f", 100)->size(), 100u);
  EXPECT_FALSE(read_text(dir.path()));
}

TEST(WriteAtomically, ReplacesAndLeavesNoTemporary) {
  const auto dir = *TempDir::create(fs::temp_directory_path(), "ktstr-base-test");
  ASSERT_TRUE(write_atomically(dir.path() / "f", as_byte_span("one")));
  ASSERT_TRUE(write_atomically(dir.path() / "f", as_byte_span("two")));
  EXPECT_EQ(*read_text(dir.path() / "f"), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()), 1);
}

TEST(TempDir, IsGoneWithItsContentsAfterScope) {
  fs::path path;
  {
    const auto dir = *TempDir::create(fs::temp_directory_path(), "ktstr-base-test");
    path = dir.path();
    ASSERT_TRUE(write_text(path / "f", "x"));
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(RemoveStaleDirs, RemovesThoseOfDeadProcessesOnly) {
  const auto parent = *TempDir::create(fs::temp_directory_path(), "ktstr-base-test");
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  ::waitpid(dead, nullptr, 0);
  fs::create_directory(parent.path() / fmt::format("vm.{}.abc", dead));
  fs::create_directory(parent.path() / fmt::format("vm.{}.abc", ::getpid()));
  fs::create_directory(parent.path() / "vm.x.abc");
  fs::create_directory(parent.path() / fmt::format("other.{}.abc", dead));
  EXPECT_EQ(remove_stale_dirs(parent.path(), "vm"), 1u);
  EXPECT_FALSE(fs::exists(parent.path() / fmt::format("vm.{}.abc", dead)));
  EXPECT_TRUE(fs::exists(parent.path() / fmt::format("vm.{}.abc", ::getpid())));
}

TEST(FileLock, IsRefusedWhileAnotherHoldsIt) {
  const auto dir = *TempDir::create(fs::temp_directory_path(), "ktstr-base-test");
  {
    const auto held = FileLock::acquire(dir.path() / "lock", FileLock::Kind::kExclusive);
    ASSERT_TRUE(held);
    EXPECT_EQ(FileLock::try_acquire(dir.path() / "lock", FileLock::Kind::kShared).error().code(), ErrorCode::kBusy);
  }
  EXPECT_TRUE(FileLock::try_acquire(dir.path() / "lock", FileLock::Kind::kShared));
}

TEST(Mapping, SharesBytesWithTheFile) {
  const auto dir = *TempDir::create(fs::temp_directory_path(), "ktstr-base-test");
  const Fd fd = *open_file(dir.path() / "f", O_RDWR | O_CREAT);
  ASSERT_EQ(::ftruncate(fd.get(), 8192), 0);
  auto mapping = *Mapping::map(fd, 4096, 4096, true);
  mapping.data()[0] = std::byte{'k'};
  EXPECT_EQ((*read_text(dir.path() / "f"))[4096], 'k');
}

TEST(Sha256, MatchesThePublishedVector) {
  EXPECT_EQ(sha256(as_byte_span("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(ReadText, OfAFifoIsRefusedAndDoesNotWait) {
  auto dir = TempDir::create(fs::temp_directory_path(), "ktstr_file_test");
  ASSERT_TRUE(dir);
  const fs::path fifo = dir->path() / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const auto text = read_text(fifo);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(read_text("/dev/null").error().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace ktstr
