// SPDX-License-Identifier: Apache-2.0
#include "guest/processes/programs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace ktstr::guest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Programs : public testing::Test {
 protected:
  void process(int pid, const std::string& name, char state, int parent, int start) {
    fs::create_directories(root_.path() / std::to_string(pid));
    ASSERT_TRUE(write_text(
        root_.path() / std::to_string(pid) / "stat",
        fmt::format("{} ({}) {} {} 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {} 0 0\n", pid, name, state, parent, start)));
  }
  std::vector<int> below(int root, int except) {
    std::vector<int> pids;
    for (const Program& program : programs_below(root_.path(), root, except)) pids.push_back(program.pid);
    return pids;
  }
  TempDir root_ = *TempDir::create(fs::temp_directory_path(), "ktstr-programs-test");
};

TEST_F(Programs, OfTheSchedulerAreAllThatAreNotTheBodysTheOldestFirst) {
  process(1, "init", 'S', 0, 1);
  process(2, "kthreadd", 'S', 0, 1);
  process(3, "kworker", 'I', 2, 2);
  process(50, "body", 'S', 1, 5);
  process(51, "worker", 'R', 50, 40);
  process(60, "wrap.sh", 'Z', 1, 10);
  process(70, "helper", 'S', 71, 30);
  process(71, "scx (x) y", 'S', 1, 20);
  process(72, "early", 'S', 1, 20);
  process(73, "lost", 'S', 99, 20);
  EXPECT_THAT(below(1, 50), ElementsAre(71, 72, 70));
  EXPECT_THAT(below(1, 0), ElementsAre(50, 71, 72, 70, 51));
  EXPECT_THAT(below(71, 0), ElementsAre(70));
  EXPECT_EQ(programs_below(root_.path(), 1, 50)[0], (Program{71, "scx (x) y", 20}));
}

TEST_F(Programs, AreFoundWhateverStandsInProc) {
  process(10, "circle", 'S', 11, 1);
  process(11, "circle", 'S', 10, 1);
  fs::create_directories(root_.path() / "self");
  fs::create_directories(root_.path() / "12");
  EXPECT_THAT(below(1, 0), IsEmpty());
  EXPECT_TRUE(programs_below("/nonexistent", 1, 0).empty());
}

}  // namespace
}  // namespace ktstr::guest
