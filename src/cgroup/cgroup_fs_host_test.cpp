// SPDX-License-Identifier: Apache-2.0
//
// What only a kernel does: members, their end, values that it echoes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "cgroup/testing/host_cgroups.h"

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

TEST_F(CgroupFsOnTheHost, MovesAProcessIntoAGroupAndSeesItThere) {
  Sleeper sleeper;
  ASSERT_TRUE(cgroups_->create("cg_0"));
  EXPECT_THAT(*cgroups_->processes("cg_0"), IsEmpty());
  ASSERT_TRUE(cgroups_->move_process("cg_0", sleeper.pid()));
  EXPECT_THAT(*cgroups_->processes("cg_0"), ElementsAre(sleeper.pid()));
  sleeper.end();
  EXPECT_TRUE(cgroups_->remove("cg_0"));
}

TEST_F(CgroupFsOnTheHost, SaysNotFoundForAProcessThatIsGone) {
  Sleeper sleeper;
  const int pid = sleeper.pid();
  sleeper.end();
  ASSERT_TRUE(cgroups_->create("cg_0"));
  const Status moved = cgroups_->move_process("cg_0", pid);
  EXPECT_EQ(moved.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(moved.error().message(), HasSubstr(fmt::format("move process {}", pid)));
  EXPECT_TRUE(cgroups_->remove("cg_0"));
}

TEST_F(CgroupFsOnTheHost, NamesTheMembersThatKeepAGroup) {
  Sleeper sleeper;
  ASSERT_TRUE(cgroups_->create("cg_0"));
  ASSERT_TRUE(cgroups_->move_process("cg_0", sleeper.pid()));
  const Status removed = cgroups_->remove("cg_0");
  EXPECT_EQ(removed.error().code(), ErrorCode::kBusy);
  EXPECT_THAT(removed.error().message(), HasSubstr(fmt::format("still has the processes {}", sleeper.pid())));
  sleeper.end();
  EXPECT_TRUE(cgroups_->remove("cg_0"));
}

TEST_F(CgroupFsOnTheHost, NamesTheChildrenThatKeepAGroupWithoutWaiting) {
  ASSERT_TRUE(cgroups_->create("cg_0"));
  ASSERT_TRUE(cgroups_->create("cg_0/nested"));
  EXPECT_THAT(cgroups_->remove("cg_0").error().message(), HasSubstr("it has the child groups nested"));
  EXPECT_TRUE(cgroups_->remove("cg_0/nested"));
  EXPECT_TRUE(cgroups_->remove("cg_0"));
}

TEST_F(CgroupFsOnTheHost, WaitsForMembersThatLeave) {
  // Long enough for the member to leave on any machine: the test does not end sooner or later by it.
  auto patient = CgroupFs::create(mount_, fmt::format("ktstr-patient-{}", ::getpid()), {.remove_timeout = 60s});
  ASSERT_TRUE(patient) << patient.error().render();
  Sleeper sleeper;
  ASSERT_TRUE(patient->create("cg_0"));
  ASSERT_TRUE(patient->move_process("cg_0", sleeper.pid()));
  std::thread killer([&] { ::kill(sleeper.pid(), SIGKILL); });
  const Status removed = patient->remove("cg_0");
  killer.join();
  EXPECT_TRUE(removed) << removed.error().render();
}

TEST_F(CgroupFsOnTheHost, KillsAllMembersOfAGroup) {
  Sleeper sleeper;
  ASSERT_TRUE(cgroups_->create("cg_0"));
  ASSERT_TRUE(cgroups_->move_process("cg_0", sleeper.pid()));
  ASSERT_TRUE(cgroups_->kill_all("cg_0"));
  const int status = sleeper.reap();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  EXPECT_TRUE(cgroups_->remove("cg_0"));
}

TEST_F(CgroupFsOnTheHost, SetsAnAttributeThatTheKernelEchoes) {
  ASSERT_TRUE(cgroups_->create("cg_0"));
  EXPECT_TRUE(cgroups_->set("cg_0", "cgroup.max.depth", "3"));
  EXPECT_EQ(*cgroups_->get("cg_0", "cgroup.max.depth"), "3");
  EXPECT_TRUE(cgroups_->set("cg_0", "cgroup.max.depth", "max"));
  EXPECT_FALSE(cgroups_->set("cg_0", "cgroup.max.depth", "deep"));
  EXPECT_TRUE(cgroups_->remove("cg_0"));
}

TEST_F(CgroupFsOnTheHost, SetsCpusetAndWeightWhereTheControllersAreHere) {
  const std::string offered = read_attribute(mount_ / "cgroup.controllers").value_or("");
  // Not to leave the host changed: only where they are enabled already.
  const std::string enabled = read_attribute(mount_ / "cgroup.subtree_control").value_or("");
  for (const char* controller : {"cpuset", "cpu"})
    if ((" " + enabled + " ").find(fmt::format(" {} ", controller)) == std::string::npos)
      GTEST_SKIP() << mount_ << " offers '" << offered << "' and has '" << enabled << "' enabled: no " << controller;
  ASSERT_TRUE(cgroups_->enable_controllers("", {"cpuset", "cpu"}));
  ASSERT_TRUE(cgroups_->create("cg_0"));
  EXPECT_TRUE(cgroups_->set("cg_0", "cpuset.cpus", "0,0"));
  EXPECT_EQ(*cgroups_->get("cg_0", "cpuset.cpus"), "0");
  EXPECT_TRUE(cgroups_->set("cg_0", "cpuset.cpus", ""));
  EXPECT_TRUE(cgroups_->set("cg_0", "cpu.weight", "300"));
  EXPECT_FALSE(cgroups_->set("cg_0", "cpu.weight", "0"));
  EXPECT_TRUE(cgroups_->remove("cg_0"));
}

TEST_F(CgroupFsOnTheHost, NamesAControllerThatTheMountLacks) {
  const Status enabled = cgroups_->enable_controllers("", {"no-such-controller"});
  EXPECT_EQ(enabled.error().code(), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace ktstr
