// SPDX-License-Identifier: Apache-2.0
#include "engine/watch/output_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"

namespace ktstr {
namespace {

class OutputWatchTest : public testing::Test {
 protected:
  void make(const fs::path& path, Bytes size) {
    const auto fd = open_file(path, O_WRONLY | O_CREAT);
    ASSERT_TRUE(fd);
    ASSERT_EQ(::ftruncate(fd->get(), static_cast<off_t>(size)), 0);
  }
  TempDir dir_ = *TempDir::create(fs::temp_directory_path(), "ktstr-output-test");
  fs::path console_ = dir_.path() / "console.log", qemu_ = dir_.path() / "qemu.out";
  OutputWatch watch_{console_, qemu_};
};

TEST_F(OutputWatchTest, SaysNothingOfFilesThatAreNotThereOrShort) {
  EXPECT_FALSE(watch_.look());
  make(console_, OutputWatch::kMostConsole);
  EXPECT_FALSE(watch_.look());
}

TEST_F(OutputWatchTest, EndsAGuestThatFloodsItsConsole) {
  make(console_, OutputWatch::kMostConsole + 1);
  ASSERT_TRUE(watch_.look());
  EXPECT_EQ(watch_.look()->end, GuestEnd::kFlood);
}

TEST_F(OutputWatchTest, EndsAGuestThatMakesQemuPrintWithoutEnd) {
  make(qemu_, OutputWatch::kMostOfQemu + 1);
  ASSERT_TRUE(watch_.look());
  EXPECT_EQ(watch_.look()->end, GuestEnd::kCorrupt);
}

TEST_F(OutputWatchTest, KeepsTheFirstAndTheLastOfALongConsole) {
  ASSERT_TRUE(write_text(console_, "first" + std::string(1000, 'x') + "last."));
  EXPECT_EQ(*cut_out_the_middle(console_, 5), 1000u);
  EXPECT_EQ(*read_text(console_), "first\n[ktstr: 1000 bytes of the console are not kept]\nlast.");
}

TEST_F(OutputWatchTest, LeavesAConsoleThatIsNotLongAsItIs) {
  ASSERT_TRUE(write_text(console_, "0123456789"));
  EXPECT_EQ(*cut_out_the_middle(console_, 5), 0u);
  EXPECT_EQ(*read_text(console_), "0123456789");
  EXPECT_EQ(*cut_out_the_middle(dir_.path() / "nothing", 5), 0u);
}

}  // namespace
}  // namespace ktstr
