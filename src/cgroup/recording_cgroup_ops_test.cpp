// SPDX-License-Identifier: Apache-2.0
#include "cgroup/recording_cgroup_ops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace ktstr {
namespace {

using testing::ElementsAre;

TEST(RecordingCgroupOps, WritesEveryCallDown) {
  RecordingCgroupOps ops;
  EXPECT_TRUE(ops.enable_controllers("", {"cpuset", "cpu"}));
  EXPECT_TRUE(ops.create("cg_0"));
  EXPECT_TRUE(ops.set("cg_0", "cpuset.cpus", "0-1"));
  EXPECT_EQ(*ops.get("cg_0", "cpuset.cpus"), "0-1");
  EXPECT_FALSE(ops.directory("cg_0")->valid());
  EXPECT_TRUE(ops.move_process("cg_0", 12));
  EXPECT_THAT(*ops.processes("cg_0"), ElementsAre(12));
  EXPECT_TRUE(ops.enable_controllers("cg_0", {"cpuset"}));
  EXPECT_TRUE(ops.freeze("cg_0", true));
  EXPECT_TRUE(ops.freeze("cg_0", false));
  EXPECT_TRUE(ops.move_process("", 12));
  EXPECT_TRUE(ops.move_processes("cg_0", {12, 13}));
  EXPECT_TRUE(ops.kill_all(""));
  EXPECT_TRUE(ops.remove("cg_0"));
  EXPECT_THAT(ops.calls(),
              ElementsAre("enable cpuset cpu", "create cg_0", "set cg_0 cpuset.cpus 0-1", "get cg_0 cpuset.cpus",
                          "directory cg_0", "move cg_0 12", "processes cg_0", "enable cg_0: cpuset", "freeze cg_0",
                          "thaw cg_0", "move . 12", "move cg_0 12 13", "kill .", "remove cg_0"));
  EXPECT_THAT(ops.enabled_controllers(), ElementsAre("cpu", "cpuset"));
}

TEST(RecordingCgroupOps, FollowsTheKernelsRulesOnGroups) {
  RecordingCgroupOps ops;
  EXPECT_EQ(ops.create("a/b").error().code(), ErrorCode::kNotFound);
  ASSERT_TRUE(ops.create("a"));
  ASSERT_TRUE(ops.create("a/b"));
  EXPECT_EQ(ops.create("a").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ops.remove("a").error().code(), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(ops.move_process("a/b", 7));
  EXPECT_EQ(ops.remove("a/b").error().code(), ErrorCode::kBusy);
  ops.forget_process(7);
  EXPECT_TRUE(ops.remove("a/b"));
  EXPECT_TRUE(ops.remove("a"));
  EXPECT_EQ(ops.remove("a").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(ops.set("a", "cpu.weight", "1").error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(ops.groups(), ElementsAre());
}

TEST(RecordingCgroupOps, EnablesControllersOnTheWayDown) {
  RecordingCgroupOps ops;
  ASSERT_TRUE(ops.create("a"));
  ASSERT_TRUE(ops.create("a/b"));
  ASSERT_TRUE(ops.enable_controllers("", {"cpu"}));
  EXPECT_TRUE(ops.enable_controllers("a", {"memory"}));
  EXPECT_THAT(ops.enabled_controllers(), ElementsAre("cpu", "memory"));
  EXPECT_THAT(ops.enabled_controllers("a"), ElementsAre("memory"));
  EXPECT_THAT(ops.enabled_controllers("a/b"), ElementsAre());
  EXPECT_EQ(ops.enable_controllers("c", {"cpu"}).error().code(), ErrorCode::kNotFound);
}

TEST(RecordingCgroupOps, LetsNoProcessInWhereControllersArePassedOn) {
  RecordingCgroupOps ops;
  ASSERT_TRUE(ops.create("a"));
  ASSERT_TRUE(ops.enable_controllers("a", {"cpuset"}));
  EXPECT_TRUE(ops.move_process("a", 7)) << "the kernel takes them beside controllers of threads";
  ASSERT_TRUE(ops.enable_controllers("a", {"memory"}));
  EXPECT_EQ(ops.move_process("a", 7).error().code(), ErrorCode::kBusy);
  EXPECT_TRUE(ops.move_process("", 7)) << "outside is exempt";
  EXPECT_TRUE(ops.move_processes("a", {7})) << "clears them first";
  EXPECT_THAT(ops.enabled_controllers("a"), ElementsAre());
  EXPECT_THAT(*ops.processes("a"), ElementsAre(7));
}

TEST(RecordingCgroupOps, KnowsAFrozenGroup) {
  RecordingCgroupOps ops;
  ASSERT_TRUE(ops.create("a"));
  ASSERT_TRUE(ops.create("a/b"));
  ASSERT_TRUE(ops.move_process("a/b", 7));
  ASSERT_TRUE(ops.freeze("a", true));
  EXPECT_TRUE(ops.frozen("a"));
  EXPECT_TRUE(ops.frozen("a/b")) << "with the group above";
  EXPECT_FALSE(ops.frozen("c"));
  EXPECT_EQ(*ops.get("a", "cgroup.freeze"), "1");
  const Status removed = ops.remove("a/b");
  EXPECT_EQ(removed.error().code(), ErrorCode::kBusy);
  EXPECT_EQ(removed.error().message(), "cannot remove a/b: it is frozen and still has the process 7");
  ASSERT_TRUE(ops.freeze("a", false));
  EXPECT_FALSE(ops.frozen("a/b"));
  ASSERT_TRUE(ops.set("a", "cgroup.freeze", "1"));
  EXPECT_TRUE(ops.frozen("a")) << "by its file as well";
}

TEST(RecordingCgroupOps, KillsInGroupsBelowAndInFrozenOnes) {
  RecordingCgroupOps ops;
  for (const char* name : {"a", "a/b", "ab"}) ASSERT_TRUE(ops.create(name));
  ASSERT_TRUE(ops.move_process("a/b", 7));
  ASSERT_TRUE(ops.move_process("ab", 8));
  ASSERT_TRUE(ops.freeze("a", true));
  ASSERT_TRUE(ops.kill_all("a"));
  EXPECT_THAT(*ops.processes("a/b"), ElementsAre());
  EXPECT_THAT(*ops.processes("ab"), ElementsAre(8)) << "beside it, not below";
}

TEST(RecordingCgroupOps, PassesOverProcessesThatEndedBeforeTheMove) {
  RecordingCgroupOps ops;
  ASSERT_TRUE(ops.create("a"));
  ops.forget_process(7);
  EXPECT_EQ(ops.move_process("a", 7).error().saved_errno(), ESRCH);
  EXPECT_TRUE(ops.move_processes("a", {7, 8}));
  EXPECT_THAT(*ops.processes("a"), ElementsAre(8));
  EXPECT_EQ(ops.move_processes("a", {7}).error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(ops.move_processes("a", {}));
}

TEST(RecordingCgroupOps, RefusesToMoveToWhereNothingCanRun) {
  RecordingCgroupOps ops;
  ASSERT_TRUE(ops.create("a"));
  ops.preset("a", "cpuset.mems.effective", "");
  EXPECT_EQ(ops.move_processes("a", {7}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(*ops.processes("a"), ElementsAre());
}

TEST(RecordingCgroupOps, FailsEachOfItsCallsWithAnyError) {
  RecordingCgroupOps ops;
  ASSERT_TRUE(ops.create("a"));
  ops.fail_matching("freeze a", Error(ErrorCode::kTimedOut, "still running"));
  ops.fail_matching("move a 7 8", Error::from_errno(EBUSY, "cannot move"));
  ops.fail_matching("enable a:", Error::from_errno(ENOSPC, "full"));
  ops.fail_matching("kill a", Error::from_errno(EIO, "broken"));
  EXPECT_EQ(ops.freeze("a", true).error().code(), ErrorCode::kTimedOut);
  EXPECT_FALSE(ops.frozen("a"));
  EXPECT_EQ(ops.move_processes("a", {7, 8}).error().code(), ErrorCode::kBusy);
  EXPECT_THAT(*ops.processes("a"), ElementsAre());
  EXPECT_EQ(ops.enable_controllers("a", {"io"}).error().code(), ErrorCode::kNoSpace);
  EXPECT_THAT(ops.enabled_controllers("a"), ElementsAre());
  EXPECT_EQ(ops.kill_all("a").error().code(), ErrorCode::kIo);
}

TEST(RecordingCgroupOps, FailsTheCallThatItIsToldTo) {
  RecordingCgroupOps ops;
  ops.fail_call(2, Error(ErrorCode::kNoSpace, "no more groups"));
  EXPECT_TRUE(ops.create("a"));
  EXPECT_EQ(ops.create("b").error().code(), ErrorCode::kNoSpace);
  EXPECT_FALSE(ops.exists("b"));
  EXPECT_TRUE(ops.create("b")) << "only that call";
}

TEST(RecordingCgroupOps, FailsEveryCallThatMatches) {
  RecordingCgroupOps ops;
  ops.fail_matching("set a cpu.weight", Error(ErrorCode::kPermission, "no"));
  ASSERT_TRUE(ops.create("a"));
  EXPECT_FALSE(ops.set("a", "cpu.weight", "1"));
  EXPECT_FALSE(ops.set("a", "cpu.weight", "2"));
  EXPECT_TRUE(ops.set("a", "cpuset.cpus", "0"));
  EXPECT_EQ(ops.get("a", "cpu.weight").error().code(), ErrorCode::kNotFound);
}

TEST(RecordingCgroupOps, SaysWhatWasPreset) {
  RecordingCgroupOps ops;
  ASSERT_TRUE(ops.create("a"));
  ops.preset("a", "cpu.stat", "usage_usec 5");
  EXPECT_EQ(*ops.get("a", "cpu.stat"), "usage_usec 5");
}

}  // namespace
}  // namespace ktstr
