// SPDX-License-Identifier: Apache-2.0
#include "payload/process_tree.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>

#include "base/system/process.h"

namespace ktstr {
namespace {

using ::testing::ElementsAre;
using namespace std::chrono_literals;
using namespace std::string_view_literals;

class ProcessTree : public ::testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::create(fs::temp_directory_path(), "ktstr-tree");
    ASSERT_TRUE(dir);
    dir_.emplace(*std::move(dir));
  }
  void process(int pid, std::string_view stat, std::string_view environment = "", int start = 0) {
    const fs::path path = dir_->path() / std::to_string(pid);
    fs::create_directory(path);
    ASSERT_TRUE(write_text(path / "stat", fmt::format("{} {} 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {} 0", pid, stat, start)));
    ASSERT_TRUE(write_text(path / "environ", environment));
  }
  std::vector<int> pids(int reaper = 0, std::vector<int> others = {}) {
    const auto tree = payload_tree(dir_->path(), {100, "M=1", reaper, std::move(others)});
    EXPECT_TRUE(tree) << tree.error().render();
    std::vector<int> list;
    for (const TreeProcess& one : *tree) list.push_back(one.pid);
    return list;
  }
  std::optional<TempDir> dir_;
};

TEST_F(ProcessTree, IsTheGroupTheSessionTheDescendantsAndTheMarked) {
  process(1, "(init) S 0 1 1");
  process(50, "(body) S 1 50 50");
  process(51, "(worker) R 50 50 50", "A=1\0"sv);
  process(100, "(sh) S 50 100 100");
  process(102, "(in group) S 50 100 50");
  process(103, "(in session) S 1 103 100");
  process(104, "(job) S 100 104 104");
  process(90, "(job of job) S 104 90 90");
  process(106, "(daemon) S 1 106 106", "A=1\0M=1\0B=2\0"sv);
  process(107, "(its child) S 106 107 107");
  EXPECT_THAT(pids(), ElementsAre(90, 100, 102, 103, 104, 106, 107));
}

TEST_F(ProcessTree, TakesTheWholeVariableForAMark) {
  process(7, "(a) S 1 7 7", "M=12\0XM=1\0A=M=1\0"sv);
  process(8, "(b) S 1 8 8", "M=1"sv);
  EXPECT_THAT(pids(), ElementsAre(8));
}

TEST_F(ProcessTree, TakesOrphansThatBeganAfterItAndLeaveTheReapersSession) {
  process(1, "(init) S 0 1 1");
  process(50, "(body) S 1 50 50", "", 10);
  process(60, "(older orphan) S 50 60 60", "", 19);
  process(61, "(worker) R 50 50 50", "", 30);
  process(62, "(worker) R 50 62 50", "", 30);
  process(100, "(sh) S 50 100 100", "", 20);
  process(110, "(daemon) S 50 110 110", "", 20);
  process(111, "(its child) S 110 111 111", "", 40);
  process(112, "(stranger) S 1 112 112", "", 40);
  EXPECT_THAT(pids(50), ElementsAre(100, 110, 111));
  EXPECT_THAT(pids(), ElementsAre(100)) << "nobody adopts orphans";
}

TEST_F(ProcessTree, LeavesOrphansThatMayBeAnotherPayloadsToTheLastOfThem) {
  process(50, "(body) S 1 50 50", "", 10);
  process(100, "(sh) S 50 100 100", "", 20);
  process(101, "(daemon) S 50 101 101", "", 29);
  process(200, "(other payload) S 50 200 200", "", 30);
  process(201, "(of either) S 50 201 201", "", 30);
  process(202, "(of the other) S 200 202 202", "", 40);
  EXPECT_THAT(pids(50, {200}), ElementsAre(100, 101));
  EXPECT_THAT(pids(50, {300}), ElementsAre(100, 101, 200, 201, 202)) << "300 is no process";
}

TEST_F(ProcessTree, ReadsNamesThatLookLikeStatesAndTellsZombies) {
  process(100, "(a) Z 1 1 1) S 50 100 100");
  process(101, "(b) Z 100 101 101");
  const auto tree = payload_tree(dir_->path(), {100, "M=1"});
  ASSERT_TRUE(tree);
  EXPECT_THAT(*tree, ElementsAre(TreeProcess{100, false, 100, 100}, TreeProcess{101, true, 101, 101}));
}

TEST_F(ProcessTree, PassesOverWhatIsNoProcessAndWhatHasEnded) {
  process(100, "(sh) S 50 100 100");
  process(101, "(cut");
  fs::create_directory(dir_->path() / "self");
  fs::create_directory(dir_->path() / "102");
  EXPECT_THAT(pids(), ElementsAre(100));
}

TEST_F(ProcessTree, CannotBeFoundWhereThereIsNoProc) {
  EXPECT_EQ(payload_tree("/nonexistent/proc", {1, "M=1"}).error().code(), ErrorCode::kNotFound);
}

TEST_F(ProcessTree, EndsAndLeavesTheFirstProcessToBeReaped) {
  auto leader = Subprocess::start({.argv = {"sh", "-c", "setsid env -i sleep 600 & sleep 600; exit 0"}});
  ASSERT_TRUE(leader) << leader.error().render();
  const Status ended = end_payload_tree("/proc", {leader->pid(), "KTSTR_NO_SUCH_MARK=1"}, monotonic_now() + 60s);
  ASSERT_TRUE(ended) << ended.error().render();
  const auto status = leader->wait(0ms);
  ASSERT_TRUE(status && *status);
  EXPECT_EQ((*status)->describe(), "killed by signal 9 (SIGKILL)");
}

class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t most) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit few{most, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

int still_alive(std::string_view mark) {
  const auto tree = payload_tree("/proc", {-1, mark});
  return static_cast<int>(
      std::count_if(tree->begin(), tree->end(), [](const auto& process) { return !process.zombie; }));
}

TEST_F(ProcessTree, EndsMoreProcessesThanItMayOpenFiles) {
  constexpr const char* kMark = "KTSTR_TREE_TEST=many";
  auto leader = Subprocess::start(
      {.argv = {"setsid", "sh", "-c", "i=0; while [ $i -lt 300 ]; do sleep 600 & i=$((i + 1)); done; wait"},
       .env = {kMark}});
  ASSERT_TRUE(leader) << leader.error().render();
  while (still_alive(kMark) < 301) sleep_for(10ms);
  const FewDescriptors few(100);
  const Status ended = end_payload_tree("/proc", {leader->pid(), kMark}, monotonic_now() + 60s);
  ASSERT_TRUE(ended) << ended.error().render();
  EXPECT_EQ(still_alive(kMark), 0);
}

// Each process makes a new one and ends: whoever looks at one sees it gone.
TEST_F(ProcessTree, EndsProcessesThatForkWithoutEnd) {
  constexpr const char* kMark = "KTSTR_TREE_TEST=bomb";
  auto leader = Subprocess::start(
      {.argv = {"setsid", "sh", "-c", "f() { (f) & }; for i in 1 2 3 4; do f; done; sleep 600"}, .env = {kMark}});
  ASSERT_TRUE(leader) << leader.error().render();
  const Status ended = end_payload_tree("/proc", {leader->pid(), kMark}, monotonic_now() + 60s);
  ASSERT_TRUE(ended) << ended.error().render();
  EXPECT_EQ(still_alive(kMark), 0);
}

TEST_F(ProcessTree, LeavesProcessesOfItsOwnSessionThatAreNotThePayloadsAlone) {
  auto bystander = Subprocess::start({.argv = {"sleep", "600"}, .new_process_group = false});
  auto leader = Subprocess::start({.argv = {"sh", "-c", "sleep 600 & sleep 600; exit 0"}, .new_process_group = false});
  ASSERT_TRUE(bystander && leader);
  const Status ended = end_payload_tree("/proc", {leader->pid(), "KTSTR_NO_SUCH_MARK=1"}, monotonic_now() + 60s);
  ASSERT_TRUE(ended) << ended.error().render();
  const auto status = bystander->wait(0ms);
  EXPECT_TRUE(status && !*status) << "it still runs";
}

}  // namespace
}  // namespace ktstr
