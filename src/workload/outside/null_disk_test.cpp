// SPDX-License-Identifier: Apache-2.0
//
// On directories in place of a kernel; with a kernel it is tested in guests.
#include "workload/outside/null_disk.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <chrono>

namespace ktstr {
namespace {

using namespace std::chrono_literals;

class NullDiskTest : public testing::Test {
 protected:
  NullDiskTest() {
    for (const char* path : {"sys/module/null_blk", "sys/kernel/config/nullb", "dev"})
      fs::create_directories(dir_.path() / path);
  }
  TempDir dir_ = *TempDir::create(fs::temp_directory_path(), "ktstr-disk-test");
  DiskRoots roots_{.modules = dir_.path(), .sys = dir_.path() / "sys", .dev = dir_.path() / "dev"};
};

TEST_F(NullDiskTest, IsMadeAndSwitchedOnInConfigfs) {
  const auto disk = NullDisk::create({.size = (Bytes{1} << 20) + 1, .latency = 70us}, roots_);
  ASSERT_TRUE(disk) << disk.error().render();
  const fs::path made = fs::directory_iterator(roots_.sys / "kernel/config/nullb")->path();
  const auto is = [&](const char* attribute) { return read_attribute(made / attribute).value_or("not there"); };
  EXPECT_EQ(is("size"), "2");
  EXPECT_EQ(is("completion_nsec"), "70000");
  EXPECT_EQ(is("irqmode"), "2");
  EXPECT_EQ(is("memory_backed"), "1");
  EXPECT_EQ(is("power"), "1");
  ASSERT_TRUE(write_text(roots_.dev / made.filename(), ""));
  EXPECT_TRUE(disk->open(O_RDWR));
}

TEST_F(NullDiskTest, HasANameOfItsOwn) {
  const auto first = NullDisk::create({.size = 1, .latency = 1us}, roots_);
  const auto second = NullDisk::create({.size = 1, .latency = 1us}, roots_);
  EXPECT_TRUE(first && second);
}

TEST_F(NullDiskTest, SaysWhichModuleIsMissingAndHowToGetIt) {
  fs::remove_all(roots_.sys / "module");
  const Status loaded = load_disk_modules(roots_);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), ErrorCode::kUnsupported);
  EXPECT_NE(loaded.error().message().find("the kernel's module null_blk is not here"), std::string::npos);
  EXPECT_NE(loaded.error().hint().find("ktstr kernel fetch"), std::string::npos);
}

TEST_F(NullDiskTest, SaysThatTheKernelDoesNotTakeAModule) {
  fs::remove_all(roots_.sys / "module");
  ASSERT_TRUE(write_text(roots_.modules / "null_blk.ko", "no module"));
  const Status loaded = load_disk_modules(roots_);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), ErrorCode::kUnsupported);
  EXPECT_NE(loaded.error().message().find("the kernel does not load its module null_blk"), std::string::npos);
}

}  // namespace
}  // namespace ktstr
