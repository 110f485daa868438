// SPDX-License-Identifier: Apache-2.0
#include "cgroup/recording_cgroup_ops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  EXPECT_TRUE(ops.move_process("", 12));
  EXPECT_TRUE(ops.kill_all(""));
  EXPECT_TRUE(ops.remove("cg_0"));
  EXPECT_THAT(ops.calls(),
              ElementsAre("enable cpuset cpu", "create cg_0", "set cg_0 cpuset.cpus 0-1", "get cg_0 cpuset.cpus",
                          "directory cg_0", "move cg_0 12", "processes cg_0", "move . 12", "kill .", "remove cg_0"));
  EXPECT_THAT(ops.enabled_controllers(), ElementsAre("cpu", "cpuset"));
}

TEST(RecordingCgroupOps, FollowsTheKernelsRulesOnGroups) {
  RecordingCgroupOps ops;
  EXPECT_EQ(ops.create("a/b").error().code(), ErrorCode::kNotFound);
  ASSERT_TRUE(ops.create("a"));
  ASSERT_TRUE(ops.create("a/b"));
  EXPECT_EQ(ops.create("a").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ops.remove("a").error().code(), ErrorCode::kBusy);
  ASSERT_TRUE(ops.move_process("a/b", 7));
  EXPECT_EQ(ops.remove("a/b").error().code(), ErrorCode::kBusy);
  ops.forget_process(7);
  EXPECT_TRUE(ops.remove("a/b"));
  EXPECT_TRUE(ops.remove("a"));
  EXPECT_EQ(ops.remove("a").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(ops.set("a", "cpu.weight", "1").error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(ops.groups(), ElementsAre());
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
