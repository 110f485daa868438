// SPDX-License-Identifier: Apache-2.0
//
// What goes wrong on a real kernel, and what it takes to get there: processes that resist or end, frozen groups, limits
// on groups, controllers that are passed on. The one controller that a v2 hierarchy has beside those of v1 is often
// hugetlb, so that is what these tests enable.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cgroup/events.h"
#include "cgroup/hierarchy.h"
#include "cgroup/testing/host_cgroups.h"

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;

TEST_F(CgroupFsOnTheHost, MovesAllProcessesButThoseThatAreGone) {
  Sleeper first, gone, last;
  const int gone_pid = gone.pid();
  gone.end();
  ASSERT_TRUE(cgroups_->create("cg_0"));
  const Status moved = cgroups_->move_processes("cg_0", {first.pid(), gone_pid, last.pid()});
  EXPECT_TRUE(moved) << moved.error().render();
  EXPECT_THAT(*cgroups_->processes("cg_0"), UnorderedElementsAre(first.pid(), last.pid()));
  EXPECT_EQ(cgroups_->move_processes("cg_0", {gone_pid}).error().code(), ErrorCode::kNotFound);
  const Status outside = cgroups_->move_processes("", {first.pid(), last.pid()});
  EXPECT_TRUE(outside) << outside.error().render();
  EXPECT_THAT(*cgroups_->processes("cg_0"), IsEmpty());
  EXPECT_TRUE(cgroups_->remove("cg_0"));
}

TEST_F(CgroupFsOnTheHost, FreezesAndThawsAGroupWithItsMembers) {
  Sleeper sleeper;
  ASSERT_TRUE(cgroups_->create("cg_0"));
  ASSERT_TRUE(cgroups_->create("cg_0/nested"));
  ASSERT_TRUE(cgroups_->move_process("cg_0/nested", sleeper.pid()));
  for (int round = 0; round < 3; ++round) {
    const Status frozen = cgroups_->freeze("cg_0", true);
    ASSERT_TRUE(frozen) << frozen.error().render();
    EXPECT_THAT(*cgroups_->get("cg_0/nested", "cgroup.events"), HasSubstr("frozen 1"));
    EXPECT_TRUE(cgroups_->freeze("cg_0", true)) << "again, which changes nothing";
    ASSERT_TRUE(cgroups_->freeze("cg_0", false));
    EXPECT_THAT(*cgroups_->get("cg_0/nested", "cgroup.events"), HasSubstr("frozen 0"));
  }
  sleeper.end();
  EXPECT_TRUE(cgroups_->remove("cg_0/nested"));
  EXPECT_TRUE(cgroups_->remove("cg_0"));
}

TEST_F(CgroupFsOnTheHost, SaysThatAGroupStaysFrozenWithTheOneAbove) {
  auto hasty = CgroupFs::create(mount_, fmt::format("ktstr-hasty-{}", ::getpid()), {.event_timeout = 20ms});
  ASSERT_TRUE(hasty) << hasty.error().render();
  ASSERT_TRUE(hasty->create("a"));
  ASSERT_TRUE(hasty->create("a/b"));
  ASSERT_TRUE(hasty->freeze("a", true));
  const Status thawed = hasty->freeze("a/b", false);
  EXPECT_EQ(thawed.error().code(), ErrorCode::kTimedOut);
  EXPECT_THAT(thawed.error().message(), HasSubstr("thaw cgroup a/b"));
  EXPECT_THAT(thawed.error().hint(), HasSubstr("the group above is frozen"));
  EXPECT_TRUE(hasty->remove("a/b"));
  EXPECT_TRUE(hasty->remove("a")) << "frozen, and empty";
}

TEST_F(CgroupFsOnTheHost, DoesNotRemoveAFrozenGroupWithMembersAndKillsThem) {
  Sleeper sleeper;
  ASSERT_TRUE(cgroups_->create("cg_0"));
  ASSERT_TRUE(cgroups_->move_process("cg_0", sleeper.pid()));
  ASSERT_TRUE(cgroups_->freeze("cg_0", true));
  EXPECT_EQ(cgroups_->remove("cg_0").error().code(), ErrorCode::kBusy);
  const Status killed = cgroups_->kill_all("cg_0");
  EXPECT_TRUE(killed) << killed.error().render();
  EXPECT_TRUE(WIFSIGNALED(sleeper.reap()));
  EXPECT_TRUE(cgroups_->remove("cg_0"));
}

TEST_F(CgroupFsOnTheHost, WaitsUntilAllThatItKillsIsDead) {
  ASSERT_TRUE(cgroups_->create("cg_0"));
  ASSERT_TRUE(cgroups_->create("cg_0/nested"));
  Sleeper above, below;
  ASSERT_TRUE(cgroups_->move_process("cg_0", above.pid()));
  ASSERT_TRUE(cgroups_->move_process("cg_0/nested", below.pid()));
  ASSERT_TRUE(cgroups_->kill_all("cg_0"));
  EXPECT_THAT(*cgroups_->get("cg_0", "cgroup.events"), HasSubstr("populated 0"));
  above.reap();
  below.reap();
  EXPECT_TRUE(cgroups_->remove("cg_0/nested"));
  EXPECT_TRUE(cgroups_->remove("cg_0"));
}

TEST_F(CgroupFsOnTheHost, SaysThatALimitOnGroupsIsReached) {
  ASSERT_TRUE(cgroups_->set("", "cgroup.max.descendants", "1"));
  ASSERT_TRUE(cgroups_->create("a"));
  const Status created = cgroups_->create("b");
  EXPECT_EQ(created.error().code(), ErrorCode::kNoSpace);
  EXPECT_THAT(created.error().hint(), HasSubstr("cgroup.max.descendants"));
  EXPECT_TRUE(cgroups_->remove("a"));
}

TEST_F(CgroupFsOnTheHost, TakesAGroupThatSomebodyRemovedForNotFound) {
  ASSERT_TRUE(cgroups_->create("a"));
  fs::remove(mount_ / fmt::format("ktstr-test-{}", ::getpid()) / "a");
  for (const Status& status :
       {cgroups_->remove("a"), cgroups_->set("a", "cgroup.freeze", "1"), cgroups_->freeze("a", true),
        cgroups_->kill_all("a"), cgroups_->move_processes("a", {::getpid()})})
    EXPECT_EQ(status.error().code(), ErrorCode::kNotFound) << status.error().render();
}

TEST_F(CgroupFsOnTheHost, SaysWhatAMissingKnobNeeds) {
  ASSERT_TRUE(cgroups_->create("cg_0"));
  // No controller is enabled below our group.
  const Status set = cgroups_->set("cg_0", "memory.max", "max");
  EXPECT_EQ(set.error().code(), ErrorCode::kUnsupported);
  EXPECT_THAT(set.error().message(), HasSubstr("the controller 'memory' is not enabled for it"));
  EXPECT_TRUE(cgroups_->remove("cg_0"));
}

TEST_F(CgroupFsOnTheHost, LivesBelowAGroupThatIsNotTheMount) {
  ASSERT_TRUE(cgroups_->create("delegated"));
  ASSERT_TRUE(cgroups_->create("body"));
  const fs::path root = mount_ / fmt::format("ktstr-test-{}", ::getpid());
  {
    auto inner = CgroupFs::create(root / "delegated", "ktstr", {.outside = root / "body"});
    ASSERT_TRUE(inner) << inner.error().render();
    Sleeper sleeper;
    ASSERT_TRUE(inner->create("cg_0"));
    ASSERT_TRUE(inner->move_process("cg_0", sleeper.pid()));
    ASSERT_TRUE(inner->move_processes("", {sleeper.pid()}));
    EXPECT_THAT(*cgroups_->processes("body"), ElementsAre(sleeper.pid()));
    const Status enabled = inner->enable_controllers("", {"hugetlb", "no-such-controller"});
    EXPECT_EQ(enabled.error().code(), ErrorCode::kUnsupported);
    EXPECT_THAT(enabled.error().hint(), HasSubstr((root / "cgroup.subtree_control").string()));
    EXPECT_TRUE(inner->remove("cg_0"));
    sleeper.end();
    EXPECT_TRUE(inner->close());
  }
  EXPECT_TRUE(cgroups_->remove("body"));
  EXPECT_TRUE(cgroups_->remove("delegated"));
}

TEST_F(CgroupFsOnTheHost, IsFoundAsProcTellsIt) {
  const auto mount = find_cgroup2_mount("/proc");
  ASSERT_TRUE(mount) << mount.error().render();
  EXPECT_TRUE(fs::exists(*mount / "cgroup.controllers"));
  const auto own = own_cgroup_directory("/proc");
  ASSERT_TRUE(own) << own.error().render();
  EXPECT_TRUE(fs::exists(*own / "cgroup.procs"));
}

// Enables hugetlb in the mount where it is offered, and puts that back.
class ControllersOnTheHost : public CgroupFsOnTheHost {
 protected:
  void SetUp() override {
    CgroupFsOnTheHost::SetUp();
    if (!cgroups_) return;
    const std::string offered = read_attribute(mount_ / "cgroup.controllers").value_or("");
    if ((" " + offered + " ").find(" hugetlb ") == std::string::npos)
      GTEST_SKIP() << mount_ << " offers '" << offered << "': no hugetlb";
    was_enabled_ = read_attribute(mount_ / "cgroup.subtree_control").value_or("").find("hugetlb") != std::string::npos;
    const Status enabled = cgroups_->enable_controllers("", {"hugetlb"});
    ASSERT_TRUE(enabled) << enabled.error().render();
  }
  void TearDown() override {
    CgroupFsOnTheHost::TearDown();
    if (!was_enabled_)
      ignore_result(write_text(mount_ / "cgroup.subtree_control", "-hugetlb"), "another test may use it by now");
  }
  bool was_enabled_ = true;
};

TEST_F(ControllersOnTheHost, AreEnabledDownToANestedGroup) {
  ASSERT_TRUE(cgroups_->create("a"));
  EXPECT_EQ(*cgroups_->get("a", "cgroup.controllers"), "hugetlb");
  ASSERT_TRUE(cgroups_->create("a/b"));
  EXPECT_EQ(*cgroups_->get("a/b", "cgroup.controllers"), "");
  const Status enabled = cgroups_->enable_controllers("a", {"hugetlb"});
  EXPECT_TRUE(enabled) << enabled.error().render();
  EXPECT_EQ(*cgroups_->get("a/b", "cgroup.controllers"), "hugetlb");
  EXPECT_EQ(*cgroups_->get("a", "cgroup.subtree_control"), "hugetlb");
  EXPECT_EQ(*cgroups_->get("a/b", "cgroup.subtree_control"), "") << "no further than asked";
  EXPECT_TRUE(cgroups_->remove("a/b"));
  EXPECT_TRUE(cgroups_->remove("a"));
}

TEST_F(ControllersOnTheHost, AreNotEnabledInAGroupWithProcesses) {
  Sleeper sleeper;
  ASSERT_TRUE(cgroups_->create("a"));
  ASSERT_TRUE(cgroups_->move_process("a", sleeper.pid()));
  const Status enabled = cgroups_->enable_controllers("a", {"hugetlb"});
  EXPECT_EQ(enabled.error().code(), ErrorCode::kBusy);
  EXPECT_THAT(enabled.error().hint(), HasSubstr("the group has processes of its own"));
  sleeper.end();
  EXPECT_TRUE(cgroups_->remove("a"));
}

TEST_F(ControllersOnTheHost, AreClearedBeforeProcessesMoveIn) {
  Sleeper sleeper;
  ASSERT_TRUE(cgroups_->create("a"));
  ASSERT_TRUE(cgroups_->enable_controllers("a", {"hugetlb"}));
  EXPECT_EQ(cgroups_->move_process("a", sleeper.pid()).error().code(), ErrorCode::kBusy) << "a single one is no reason";
  const Status moved = cgroups_->move_processes("a", {sleeper.pid()});
  EXPECT_TRUE(moved) << moved.error().render();
  EXPECT_EQ(*cgroups_->get("a", "cgroup.subtree_control"), "");
  sleeper.end();
  EXPECT_TRUE(cgroups_->remove("a"));
}

TEST_F(ControllersOnTheHost, ThatAGroupBelowPassesOnKeepProcessesOut) {
  Sleeper sleeper;
  ASSERT_TRUE(cgroups_->create("a"));
  ASSERT_TRUE(cgroups_->create("a/b"));
  ASSERT_TRUE(cgroups_->enable_controllers("a/b", {"hugetlb"}));
  const Status moved = cgroups_->move_processes("a", {sleeper.pid()});
  EXPECT_EQ(moved.error().code(), ErrorCode::kBusy);
  EXPECT_THAT(moved.error().message(), HasSubstr("cgroup a passes the controllers 'hugetlb' on"));
  EXPECT_EQ(*cgroups_->get("a", "cgroup.subtree_control"), "hugetlb");
  EXPECT_TRUE(cgroups_->remove("a/b"));
  EXPECT_TRUE(cgroups_->remove("a"));
}

}  // namespace
}  // namespace ktstr
