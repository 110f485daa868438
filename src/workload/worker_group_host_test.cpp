// SPDX-License-Identifier: Apache-2.0
//
// Workers in real cgroups: needs root and a writable cgroup2 mount, skips with its reason otherwise, and fails instead
// where KTSTR_REQUIRE names root.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <iterator>
#include <optional>
#include <sstream>

#include "base/file.h"
#include "base/testing/required.h"
#include "cgroup/cgroup_fs.h"
#include "workload/worker_group.h"

namespace ktstr {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;
using namespace std::chrono_literals;

std::optional<fs::path> cgroup2_mount() {
  for (const char* path : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    struct statfs info {};
    if (::statfs(path, &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC && ::access(path, W_OK) == 0) return path;
  }
  return {};
}

class WorkerGroupOnTheHost : public testing::Test {
 protected:
  void SetUp() override {
    const auto mount = cgroup2_mount();
    if (!mount || ::geteuid() != 0) {
      constexpr const char* kNeeds = "needs root and a writable cgroup2 mount at /sys/fs/cgroup";
      if (is_required("root")) FAIL() << kNeeds << ", and KTSTR_REQUIRE says that there is";
      GTEST_SKIP() << kNeeds;
    }
    auto made = CgroupFs::create(*mount, fmt::format("ktstr-workload-test-{}", ::getpid()));
    ASSERT_TRUE(made) << made.error().render();
    cgroups_ = std::move(*made);
    ASSERT_TRUE(cgroups_->create("cg_0"));
  }
  void TearDown() override {
    if (!cgroups_) return;
    const Status removed = cgroups_->remove("cg_0");
    EXPECT_TRUE(removed) << removed.error().render();
  }
  Result<WorkerGroup> spawn(int workers) { return spawn(WorkSpec{.workers = workers}); }
  Result<WorkerGroup> spawn(const WorkSpec& spec) {
    KTSTR_TRY_ASSIGN(const Fd directory, cgroups_->directory("cg_0"));
    return WorkerGroup::spawn(spec, {.cgroup = "cg_0", .cgroup_dir = &directory}, 0, 1);
  }
  // The numbers in a file of cg_0, one a line.
  std::vector<int> numbers_in(const char* file) {
    std::istringstream text(cgroups_->get("cg_0", file).value_or(""));
    return {std::istream_iterator<int>(text), {}};
  }
  std::optional<CgroupFs> cgroups_;
};

TEST_F(WorkerGroupOnTheHost, StartsWorkersInTheirCgroupAndLeavesItEmpty) {
  auto group = spawn(2);
  ASSERT_TRUE(group) << group.error().render();
  EXPECT_THAT(*cgroups_->processes("cg_0"), UnorderedElementsAreArray(group->pids()));
  group->release();
  const auto reports = group->collect(60s);
  ASSERT_TRUE(reports) << reports.error().render();
  EXPECT_THAT(*cgroups_->processes("cg_0"), IsEmpty());
}

TEST_F(WorkerGroupOnTheHost, StartsThreadsInTheCgroupOfTheirProcess) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the thread sanitizer has threads of its own";
#endif
  auto group = spawn({.workers = 2, .pcomm = "web"});
  ASSERT_TRUE(group) << group.error().render();
  std::vector<int> all = group->pids();
  all.push_back(group->processes().at(0));
  EXPECT_EQ(numbers_in("cgroup.procs"), group->processes());
  EXPECT_THAT(numbers_in("cgroup.threads"), UnorderedElementsAreArray(all));
  ASSERT_TRUE(cgroups_->move_processes("", group->processes()));
  EXPECT_THAT(numbers_in("cgroup.threads"), IsEmpty()) << "all of them moved with their process";
  group->release();
  const auto reports = group->collect(60s);
  ASSERT_TRUE(reports) << reports.error().render();
  EXPECT_TRUE(reports->at(1).responded);
}

TEST_F(WorkerGroupOnTheHost, GivesThreadsAndTheirLeaderTheIds) {
  auto group = spawn({.workers = 2, .pcomm = "web", .uid = 65534, .gid = 65533});
  ASSERT_TRUE(group) << group.error().render();
  for (const int pid : {group->processes()[0], group->pids()[0], group->pids()[1]}) {
    const std::string status = read_text(fmt::format("/proc/{}/status", pid)).value_or("");
    EXPECT_THAT(status, HasSubstr("Uid:\t65534\t65534\t65534\t65534"));
    EXPECT_THAT(status, HasSubstr("Gid:\t65533\t65533\t65533\t65533"));
  }
}

TEST_F(WorkerGroupOnTheHost, SaysWhatKeptThreadsFromStarting) {
  if (const Status enabled = cgroups_->enable_controllers("", {"pids"}); !enabled)
    GTEST_SKIP() << enabled.error().render();
  ASSERT_TRUE(cgroups_->set("cg_0", "pids.max", "2"));
  const auto group = spawn({.workers = 2, .pcomm = "web"});
  ASSERT_FALSE(group);
  EXPECT_THAT(group.error().render(),
              AllOf(HasSubstr("process 'web' of cg_0 cannot start its threads"), HasSubstr("pids_max of the cgroup")));
}

TEST_F(WorkerGroupOnTheHost, DoesNotWaitForAFrozenWorkerToDie) {
  auto group = spawn(1);
  ASSERT_TRUE(group) << group.error().render();
  ASSERT_TRUE(cgroups_->set("cg_0", "cgroup.freeze", "1"));
  group->release();
  const auto reports = group->collect(50ms);
  ASSERT_TRUE(reports) << reports.error().render();
  EXPECT_FALSE(reports->at(0).responded);
  EXPECT_EQ(reports->at(0).work_units, 0u);
  EXPECT_GE(reports->at(0).max_gap_ns, 50'000'000u);
}

TEST_F(WorkerGroupOnTheHost, HandsWorkersOfARealTimeBodyToTheSchedulerAtTheBarrier) {
  const sched_param highest{.sched_priority = 1}, none{};
  if (::sched_setscheduler(0, SCHED_FIFO, &highest) != 0) GTEST_SKIP() << "may not become SCHED_FIFO";
  auto processes = spawn(2), threads = spawn({.workers = 2, .pcomm = "web"});
  ASSERT_EQ(::sched_setscheduler(0, SCHED_OTHER, &none), 0);
  for (const auto* group : {&processes, &threads}) {
    ASSERT_TRUE(*group) << group->error().render();
    for (const int pid : (*group)->pids()) EXPECT_EQ(::sched_getscheduler(pid), SCHED_OTHER);
    for (const int pid : (*group)->processes()) EXPECT_EQ(::sched_getscheduler(pid), SCHED_OTHER);
  }
}

}  // namespace
}  // namespace ktstr
