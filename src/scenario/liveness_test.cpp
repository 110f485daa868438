// SPDX-License-Identifier: Apache-2.0
#include "scenario/liveness.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "base/process.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;

Subprocess start(std::vector<std::string> argv) { return *Subprocess::start({.argv = std::move(argv)}); }

// Far enough that a test that waits for it has failed.
Nanoseconds never() { return monotonic_now() + 1h; }

TEST(SchedulerWatch, OnlyWaitsWhenThereIsNoScheduler) {
  const auto watch = *SchedulerWatch::open(0);
  EXPECT_EQ(*watch.alive(), true);
  const Nanoseconds deadline = monotonic_now() + 5ms;
  EXPECT_EQ(*watch.hold_until(deadline), HoldEnd::kTimeOver);
  EXPECT_GE(monotonic_now(), deadline);
}

TEST(SchedulerWatch, HoldsToTheDeadlineWhileTheSchedulerLives) {
  const auto watch = *SchedulerWatch::open(::getpid());
  for (int i = 0; i < 2; ++i) {
    const Nanoseconds deadline = monotonic_now() + 5ms;
    EXPECT_EQ(*watch.hold_until(deadline), HoldEnd::kTimeOver);
    EXPECT_GE(monotonic_now(), deadline);
  }
  EXPECT_EQ(*watch.alive(), true);
}

TEST(SchedulerWatch, EndsAHoldWhenTheSchedulerEnds) {
  // It ends when its input does, which is while we hold or before; a zombie is gone just as well.
  auto scheduler = start({"true"});
  const auto watch = *SchedulerWatch::open(scheduler.pid());
  EXPECT_EQ(*watch.hold_until(never()), HoldEnd::kSchedulerGone);
  EXPECT_EQ(*watch.alive(), false);
}

TEST(SchedulerWatch, EndsAHoldWhenTheSchedulerIsKilledMeanwhile) {
  auto scheduler = start({"sleep", "600"});
  const auto watch = *SchedulerWatch::open(scheduler.pid());
  ASSERT_EQ(*watch.alive(), true);
  std::thread killer([&] { ASSERT_TRUE(scheduler.signal(SIGKILL)); });
  EXPECT_EQ(*watch.hold_until(never()), HoldEnd::kSchedulerGone);
  killer.join();
}

TEST(SchedulerWatch, SeesASchedulerThatEndedAtADeadlineThatIsOver) {
  auto scheduler = start({"sleep", "600"});
  const auto watch = *SchedulerWatch::open(scheduler.pid());
  EXPECT_EQ(*watch.hold_until(Nanoseconds(0)), HoldEnd::kTimeOver);
  scheduler.kill();
  EXPECT_EQ(*watch.hold_until(Nanoseconds(0)), HoldEnd::kSchedulerGone);
}

TEST(SchedulerWatch, TakesAPidThatIsNoMoreForASchedulerThatIsGone) {
  auto scheduler = start({"true"});
  const pid_t pid = scheduler.pid();
  scheduler.kill();
  const auto watch = *SchedulerWatch::open(pid);
  EXPECT_EQ(*watch.alive(), false);
  EXPECT_EQ(*watch.hold_until(never()), HoldEnd::kSchedulerGone);
}

void ignore_signal(int) {}

TEST(SchedulerWatch, HoldsOnAfterASignal) {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = ignore_signal;  // without SA_RESTART; epoll_wait is never restarted anyway (signal(7))
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  const auto watch = *SchedulerWatch::open(0);
  const Nanoseconds deadline = monotonic_now() + 50ms;
  std::thread disturber([target = ::pthread_self()] {
    for (int i = 0; i < 20; ++i) ::pthread_kill(target, SIGUSR1);
  });
  EXPECT_EQ(*watch.hold_until(deadline), HoldEnd::kTimeOver);
  EXPECT_GE(monotonic_now(), deadline);
  disturber.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST(SchedulerWatch, ReportsACallThatFailsWithThePidAndARemedy) {
  const auto watch = SchedulerWatch::open(-5);
  ASSERT_FALSE(watch);
  EXPECT_EQ(watch.error().render(),
            "cannot watch the scheduler with pid -5: pidfd_open failed: Invalid argument (EINVAL)\n"
            "  hint: a scheduler's pid is that of a process, and Linux knows pidfd_open since 5.3");
}

}  // namespace
}  // namespace ktstr
