// SPDX-License-Identifier: Apache-2.0
#include "cgroup/cgroup_scope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cgroup/recording_cgroup_ops.h"

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(CgroupScope, RemovesItsGroupsInReverseOrderOfCreation) {
  RecordingCgroupOps ops;
  {
    CgroupScope scope(ops);
    ASSERT_TRUE(scope.create("a"));
    ASSERT_TRUE(scope.create("a/b"));
    ASSERT_TRUE(scope.create("c"));
    EXPECT_THAT(scope.names(), ElementsAre("a", "a/b", "c"));
    ops.clear_calls();
  }
  EXPECT_THAT(ops.calls(), ElementsAre("remove c", "remove a/b", "remove a"));
}

TEST(CgroupScope, KeepsGoingOverAFailureAndCollectsTheErrors) {
  RecordingCgroupOps ops;
  CgroupScope scope(ops);
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(scope.create(name));
  ops.fail_matching("remove b", Error(ErrorCode::kBusy, "b is busy"));
  ops.fail_matching("remove c", Error(ErrorCode::kIo, "c is broken"));
  const auto left = scope.close();
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[0].name, "c");
  EXPECT_EQ(left[0].error.message(), "c is broken");
  EXPECT_EQ(left[1].error.message(), "b is busy");
  EXPECT_FALSE(ops.exists("a"));
  ops.clear_calls();
  EXPECT_THAT(scope.close(), IsEmpty());
  EXPECT_THAT(ops.calls(), IsEmpty());
}

TEST(CgroupScope, DoesNotRemoveWhatItCouldNotCreate) {
  RecordingCgroupOps ops;
  ASSERT_TRUE(ops.create("theirs"));
  {
    CgroupScope scope(ops);
    EXPECT_FALSE(scope.create("theirs"));
  }
  EXPECT_TRUE(ops.exists("theirs"));
}

TEST(CgroupScope, ForgetsAGroupThatWasRemovedEarly) {
  RecordingCgroupOps ops;
  CgroupScope scope(ops);
  ASSERT_TRUE(scope.create("a"));
  EXPECT_TRUE(scope.remove("a"));
  EXPECT_FALSE(scope.remove("a"));
  EXPECT_THAT(scope.close(), IsEmpty());
}

TEST(CgroupScope, TakesAGroupThatIsGoneAlreadyForRemoved) {
  RecordingCgroupOps ops;
  CgroupScope scope(ops);
  ASSERT_TRUE(scope.create("a"));
  ASSERT_TRUE(scope.create("b"));
  ASSERT_TRUE(ops.remove("b"));
  EXPECT_THAT(scope.close(), IsEmpty());
  EXPECT_FALSE(ops.exists("a"));
}

TEST(CgroupScope, LeavesAGroupThatItForgetsWhereItIs) {
  RecordingCgroupOps ops;
  CgroupScope scope(ops);
  ASSERT_TRUE(scope.create("a"));
  ASSERT_TRUE(scope.create("b"));
  EXPECT_TRUE(scope.forget("a"));
  EXPECT_FALSE(scope.forget("a"));
  EXPECT_THAT(scope.names(), ElementsAre("b"));
  EXPECT_THAT(scope.close(), IsEmpty());
  EXPECT_THAT(ops.groups(), ElementsAre("a"));
}

TEST(CgroupScope, HandsItsGroupsOnWhenItMoves) {
  RecordingCgroupOps ops;
  CgroupScope outer(ops);
  {
    CgroupScope inner(ops);
    ASSERT_TRUE(inner.create("a"));
    outer = std::move(inner);
  }
  EXPECT_TRUE(ops.exists("a"));
  EXPECT_THAT(outer.close(), IsEmpty());
  EXPECT_FALSE(ops.exists("a"));
}

}  // namespace
}  // namespace ktstr
