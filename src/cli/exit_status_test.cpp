// SPDX-License-Identifier: Apache-2.0
#include "cli/exit_status.h"

#include <gtest/gtest.h>

namespace ktstr::cli {
namespace {

TEST(ExitStatus, WhatTheUserNamedIsTheUsersAndTheMachinesLacksAreNot) {
  EXPECT_EQ(exit_code_for(Error(ErrorCode::kInvalidArgument, "")), 64);
  EXPECT_EQ(exit_code_for(Error(ErrorCode::kNotFound, "")), 64);
  EXPECT_EQ(exit_code_for(Error(ErrorCode::kNoSpace, "")), 3);
  EXPECT_EQ(exit_code_for(Error(ErrorCode::kUnsupported, "")), 3);
  EXPECT_EQ(exit_code_for(Error(ErrorCode::kCancelled, "")), 130);
}

}  // namespace
}  // namespace ktstr::cli
