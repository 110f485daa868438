// SPDX-License-Identifier: Apache-2.0
#include "cgroup/events.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "base/file.h"

namespace ktstr {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

class CgroupEvents : public testing::Test {
 protected:
  CgroupEvents()
      : dir_(*TempDir::create(fs::temp_directory_path(), "ktstr-events")),
        group_(*open_file(dir_.path(), O_RDONLY | O_DIRECTORY)) {}
  void put(std::string_view text) { ASSERT_TRUE(write_text(dir_.path() / "cgroup.events", text)); }
  TempDir dir_;
  Fd group_;
};

TEST_F(CgroupEvents, AreReadByKey) {
  put("populated 1\nfrozen 0\n");
  EXPECT_TRUE(*read_event(group_, "populated"));
  EXPECT_FALSE(*read_event(group_, "frozen"));
}

TEST_F(CgroupEvents, ThatAreMissingAreNotTakenForZero) {
  EXPECT_EQ(read_event(group_, "populated").error().code(), ErrorCode::kNotFound);
  put("populated 1\n");
  EXPECT_EQ(read_event(group_, "frozen").error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(read_event(group_, "pop").error().code(), ErrorCode::kUnsupported) << "not the start of another key";
}

TEST_F(CgroupEvents, AreNotWaitedForWhereTheyAreTrueAlready) {
  put("populated 0\nfrozen 1\n");
  EXPECT_TRUE(await_event(group_, "frozen", true, 0ns));
  EXPECT_TRUE(await_event(group_, "populated", false, 0ns));
}

TEST_F(CgroupEvents, EndTheWaitWhenTheyCome) {
  put("populated 1\n");
  // In place, as the kernel's file changes: a reader never sees it empty.
  std::thread writer([&] {
    const Fd file(::openat(group_.get(), "cgroup.events", O_WRONLY | O_CLOEXEC));
    EXPECT_EQ(::pwrite(file.get(), "populated 0\n", 12, 0), 12);
  });
  // Long enough for the writer on any machine: without the event the test would take all of it and fail.
  const Status waited = await_event(group_, "populated", false, 60s);
  writer.join();
  EXPECT_TRUE(waited) << waited.error().render();
}

TEST_F(CgroupEvents, ThatDoNotComeAreATimeOutThatSaysWhichAndHowLong) {
  put("populated 1\nfrozen 0\n");
  const Status waited = await_event(group_, "frozen", true, 20ms);
  EXPECT_EQ(waited.error().code(), ErrorCode::kTimedOut);
  EXPECT_THAT(waited.error().message(), HasSubstr("cgroup.events does not say 'frozen 1' after 20 ms"));
}

}  // namespace
}  // namespace ktstr
