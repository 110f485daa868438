// SPDX-License-Identifier: GPL-2.0-or-later
#include "idle_guard.h"

#include <gtest/gtest.h>

namespace ktstr::control {
namespace {

TEST(IdleGuard, RefusesAMainLoopThatComesBeforeTheVcpusWait) {
  IdleGuard guard;
  EXPECT_FALSE(guard.main_loop_may_jump());
  guard.vcpus_are_idle();
  EXPECT_TRUE(guard.main_loop_may_jump());
  EXPECT_EQ(guard.jumps(), 1u);
  EXPECT_EQ(guard.refused(), 1u);
}

TEST(IdleGuard, LetsItJumpOnceForEachTimeThatTheyWait) {
  IdleGuard guard;
  guard.vcpus_are_idle();
  EXPECT_TRUE(guard.main_loop_may_jump());
  EXPECT_FALSE(guard.main_loop_may_jump()) << "the vCPUs are awake, though they may not have run yet";
  guard.vcpus_are_idle();
  guard.vcpus_are_idle();  // QEMU looks twice before it waits
  EXPECT_TRUE(guard.main_loop_may_jump());
  EXPECT_FALSE(guard.main_loop_may_jump());
}

}  // namespace
}  // namespace ktstr::control
