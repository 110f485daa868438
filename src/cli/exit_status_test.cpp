// SPDX-License-Identifier: Apache-2.0
#include "cli/exit_status.h"

#include <gtest/gtest.h>

#include "cli/run_session.h"

namespace ktstr::cli {
namespace {

TEST(ExitStatus, TheWorseOfTwoFollowsTheDocumentedOrder) {
  const std::vector<int> from_worst = {130, 64, 3, 1, 2, 0};
  for (std::size_t i = 0; i < from_worst.size(); ++i) {
    for (std::size_t j = i; j < from_worst.size(); ++j) {
      EXPECT_EQ(worse_exit(from_worst[i], from_worst[j]), from_worst[i]);
      EXPECT_EQ(worse_exit(from_worst[j], from_worst[i]), from_worst[i]);
    }
  }
}

TEST(ExitStatus, WhatTheUserNamedIsTheUsersAndTheMachinesLacksAreNot) {
  EXPECT_EQ(exit_code_for(Error(ErrorCode::kInvalidArgument, "")), 64);
  EXPECT_EQ(exit_code_for(Error(ErrorCode::kNotFound, "")), 64);
  EXPECT_EQ(exit_code_for(Error(ErrorCode::kNoSpace, "")), 3);
  EXPECT_EQ(exit_code_for(Error(ErrorCode::kUnsupported, "")), 3);
  EXPECT_EQ(exit_code_for(Error(ErrorCode::kCancelled, "")), 130);
}

TEST(ExitStatus, APassBesideASkipIsAPass) {
  EXPECT_EQ(worse_outcome(Outcome::kSkip, Outcome::kPass), Outcome::kPass);
  EXPECT_EQ(worse_outcome(Outcome::kPass, Outcome::kSkip), Outcome::kPass);
  EXPECT_EQ(worse_outcome(Outcome::kSkip, Outcome::kSkip), Outcome::kSkip);
  EXPECT_EQ(worse_outcome(Outcome::kFail, Outcome::kInconclusive), Outcome::kFail);
}

}  // namespace
}  // namespace ktstr::cli
