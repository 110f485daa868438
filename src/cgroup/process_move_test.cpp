// SPDX-License-Identifier: Apache-2.0
#include "cgroup/process_move.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <map>

#include "base/file.h"

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A kernel that gives each process the answers it was told, in order, and then takes it.
class MoveEach : public testing::Test {
 protected:
  void answer(int pid, std::vector<int> errnos) { answers_[pid] = std::move(errnos); }
  Status move(const std::vector<int>& pids) {
    const auto one = [this](int pid) -> Status {
      tried_.push_back(pid);
      auto& left = answers_[pid];
      if (left.empty()) return ok();
      const int error = left.front();
      left.erase(left.begin());
      return Error::from_errno(error, "cannot write cgroup.procs");
    };
    return move_each(pids, {.move = one, .pause = [this](std::chrono::nanoseconds time) { pauses_.push_back(time); }});
  }
  std::map<int, std::vector<int>> answers_;
  std::vector<int> tried_;
  std::vector<std::chrono::nanoseconds> pauses_;
};

TEST_F(MoveEach, MovesAllInOrder) {
  EXPECT_TRUE(move({3, 1, 2}));
  EXPECT_THAT(tried_, ElementsAre(3, 1, 2));
  EXPECT_TRUE(move({}));
}

TEST_F(MoveEach, PassesOverOneThatIsGone) {
  answer(2, {ESRCH});
  EXPECT_TRUE(move({1, 2, 3}));
  EXPECT_THAT(tried_, ElementsAre(1, 2, 3));
}

TEST_F(MoveEach, SaysWhenAllAreGone) {
  answer(1, {ESRCH});
  answer(2, {ESRCH});
  const Status moved = move({1, 2});
  EXPECT_EQ(moved.error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(moved.error().message(), "none of the 2 processes was moved: all of them have ended");
}

TEST_F(MoveEach, AsksABusyKernelAgainThreeTimes) {
  answer(1, {EBUSY, EBUSY, EBUSY});
  EXPECT_TRUE(move({1}));
  EXPECT_THAT(tried_, ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(pauses_, ElementsAre(kMovePause, kMovePause, kMovePause));
}

TEST_F(MoveEach, GivesUpOnAKernelThatStaysBusyAndTellsTheWayOut) {
  answer(2, {EBUSY, EBUSY, EBUSY, EBUSY});
  const Status moved = move({1, 2, 3});
  EXPECT_EQ(moved.error().code(), ErrorCode::kBusy);
  EXPECT_THAT(moved.error().message(), HasSubstr("1 of 3 processes were moved"));
  EXPECT_THAT(moved.error().hint(), HasSubstr("cgroup.subtree_control"));
  EXPECT_THAT(tried_, ElementsAre(1, 2, 2, 2, 2));
}

TEST_F(MoveEach, DoesNotTryAgainWhatTimeDoesNotCure) {
  answer(1, {EACCES});
  EXPECT_EQ(move({1, 2}).error().code(), ErrorCode::kPermission);
  EXPECT_THAT(tried_, ElementsAre(1));
  EXPECT_THAT(pauses_, IsEmpty());
}

TEST_F(MoveEach, TakesAGroupThatIsGoneForAnError) {
  answer(1, {ENODEV});
  EXPECT_THAT(move({1, 2}).error().message(), HasSubstr("ENODEV"));
}

class PrepareForProcesses : public testing::Test {
 protected:
  PrepareForProcesses()
      : dir_(*TempDir::create(fs::temp_directory_path(), "ktstr-move")),
        group_(*open_file(dir_.path(), O_RDONLY | O_DIRECTORY)) {
    put("cgroup.subtree_control", "\n");
  }
  void put(const char* file, std::string_view text) { ASSERT_TRUE(write_text(dir_.path() / file, text)); }
  std::string contents(const char* file) { return read_text(dir_.path() / file).value_or("(unreadable)"); }
  TempDir dir_;
  Fd group_;
};

TEST_F(PrepareForProcesses, AcceptsAGroupWithOrWithoutACpuset) {
  EXPECT_TRUE(prepare_for_processes(group_, "cgroup a"));
  put("cpuset.cpus.effective", "0-3\n");
  put("cpuset.mems.effective", "0\n");
  EXPECT_TRUE(prepare_for_processes(group_, "cgroup a"));
  EXPECT_EQ(contents("cgroup.subtree_control"), "\n") << "nothing was to be cleared";
}

TEST_F(PrepareForProcesses, RefusesAGroupWhereNothingCouldRun) {
  put("cpuset.cpus.effective", "0-3\n");
  put("cpuset.mems.effective", "\n");
  const Status no_memory = prepare_for_processes(group_, "cgroup a");
  EXPECT_EQ(no_memory.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(no_memory.error().message(),
              HasSubstr("cgroup a: it has no memory nodes, its cpuset.mems.effective is empty"));
  put("cpuset.cpus.effective", "\n");
  EXPECT_THAT(prepare_for_processes(group_, "cgroup a").error().message(), HasSubstr("cpuset.cpus.effective"));
}

TEST_F(PrepareForProcesses, ClearsTheControllersThatTheGroupPassesOn) {
  put("cgroup.subtree_control", "cpuset memory\n");
  EXPECT_TRUE(prepare_for_processes(group_, "cgroup a"));
  EXPECT_EQ(contents("cgroup.subtree_control"), "-cpuset -memory");
}

}  // namespace
}  // namespace ktstr
