// SPDX-License-Identifier: Apache-2.0
#include "guest/processes/process_look.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace ktstr::guest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LookAtProcess : public testing::Test {
 protected:
  void task(const std::string& dir, const std::string& stat, const std::string& schedstat) {
    fs::create_directories(proc_.path() / dir);
    EXPECT_TRUE(write_text(proc_.path() / dir / "stat", stat));
    EXPECT_TRUE(write_text(proc_.path() / dir / "schedstat", schedstat));
  }
  TempDir proc_ = *TempDir::create(fs::temp_directory_path(), "ktstr-look");
};

TEST_F(LookAtProcess, SumsItsThreadsAndSaysWhatTheMainOneDoes) {
  task("7", "7 (a) b) S 1 7", "100 0 1");
  EXPECT_TRUE(write_text(proc_.path() / "7/wchan", "do_epoll_wait"));
  task("7/task/7", "7 (a) b) S 1 7", "100 0 1");
  task("7/task/9", "9 (w) R 1 7", "20 0 1");
  const ProcessLook look = look_at_process(proc_.path(), 7);
  EXPECT_THAT(look.threads, ElementsAre(7, 9));
  EXPECT_TRUE(look.runnable);
  EXPECT_EQ(look.cpu_ns, 120u);
  EXPECT_EQ(look.text, "state S in do_epoll_wait");
}

TEST_F(LookAtProcess, LeavesOutAPlaceThatIsNone) {
  task("7", "7 (a) R 1 7", "100 0 1");
  EXPECT_TRUE(write_text(proc_.path() / "7/wchan", "0"));
  EXPECT_EQ(look_at_process(proc_.path(), 7).text, "state R");
}

TEST_F(LookAtProcess, SaysThatAProcessIsGone) {
  const ProcessLook look = look_at_process(proc_.path(), 8);
  EXPECT_EQ(look.text, "it is gone");
  EXPECT_THAT(look.threads, IsEmpty());
  EXPECT_FALSE(look.runnable);
}

}  // namespace
}  // namespace ktstr::guest
