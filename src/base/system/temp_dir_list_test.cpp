// SPDX-License-Identifier: Apache-2.0
#include "base/system/temp_dir_list.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

namespace ktstr {
namespace {

TEST(TempDirList, ADyingProcessRemovesItsTemporaryDirectoriesWithAllThatIsInThem) {
  auto outer = TempDir::create(fs::temp_directory_path(), "ktstr_list_test");
  ASSERT_TRUE(outer.has_value());
  const pid_t pid = ::fork();
  if (pid == 0) {
    auto dir = TempDir::create(outer->path(), "dir");
    auto kept = TempDir::create(outer->path(), "kept");
    if (!dir || !kept) ::_exit(2);
    fs::create_directories(dir->path() / "a" / "b");
    for (int i = 0; i < 300; ++i)
      if (!write_text(dir->path() / "a" / "b" / std::to_string(i), "x")) ::_exit(3);
    fs::create_symlink(kept->release(), dir->path() / "link");
    unlist_temp_dir(outer->path().c_str());  // our parent's
    remove_listed_temp_dirs();
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  std::size_t left = 0;
  for (const auto& entry : fs::directory_iterator(outer->path())) {
    EXPECT_EQ(entry.path().filename().string().substr(0, 4), "kept");
    ++left;
  }
  EXPECT_EQ(left, 1U);
}

TEST(TempDirList, ADirectoryInWhichAnotherProcessStillMakesFilesIsRemoved) {
  auto outer = TempDir::create(fs::temp_directory_path(), "ktstr_list_test");
  ASSERT_TRUE(outer.has_value());
  const pid_t pid = ::fork();
  if (pid == 0) {
    auto dir = TempDir::create(outer->path(), "dir");
    if (!dir) ::_exit(2);
    const pid_t maker = ::fork();
    if (maker == 0) {
      for (int i = 0; i < 1'000 && write_text(dir->path() / std::to_string(i), "x"); ++i) ::usleep(100);
      ::_exit(0);
    }
    while (!fs::exists(dir->path() / "0")) {
    }
    unlist_temp_dir(outer->path().c_str());  // our parent's
    remove_listed_temp_dirs();
    ::_exit(fs::exists(dir->path()) || ::waitpid(maker, nullptr, 0) != maker ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

TEST(TempDirList, ADirectoryThatIsGoneIsNotRemovedAgain) {
  fs::path path;
  {
    auto dir = TempDir::create(fs::temp_directory_path(), "ktstr_list_test");
    ASSERT_TRUE(dir.has_value());
    path = dir->path();
  }
  ASSERT_TRUE(fs::create_directory(path));  // somebody else's now
  const pid_t pid = ::fork();
  if (pid == 0) {
    remove_listed_temp_dirs();
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  EXPECT_TRUE(fs::exists(path));
  fs::remove(path);
}

}  // namespace
}  // namespace ktstr
