// SPDX-License-Identifier: Apache-2.0
#include "trace/story/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trace/testing/made_trace.h"

namespace ktstr {
namespace {

using testing::HasSubstr;
using testing::Not;

// A worker (pid 7) and what else a test adds.
class ExplainTest : public MadeTrace {
 protected:
  void wake(std::uint64_t ms, std::int32_t pid, SchedClass of = SchedClass::kFair) { MadeTrace::wake(ms, pid, of); }
  WaitStory story(std::uint64_t from_ms, std::uint64_t to_ms) {
    TraceReader trace = reader();
    const auto made = explain(trace, 7, from_ms * kMs, to_ms * kMs);
    EXPECT_TRUE(made) << made.error().message();
    return made.value_or(WaitStory{});
  }
};

TEST_F(ExplainTest, TheSchedulerThatLeavesACpuIdle) {
  fork(1, 50, "hog");
  run(1, 50, 0);
  fork(10, 7, "victim");
  wake(10, 7, SchedClass::kExt);
  at(10, trace::DsqInsert{.pid = 7, .dsq = 5});
  run(400, 7, 0, 50);
  const WaitStory seen = story(10, 110);
  EXPECT_EQ(seen.guilty, Guilty::kScheduler);
  EXPECT_EQ(seen.waited_ns, 100 * kMs);
  EXPECT_THAT(to_text(seen),
              HasSubstr("it waited 100.0 ms; it was in the scheduler's queue 0x5; it may run on any CPU"));
  EXPECT_THAT(to_text(seen), HasSubstr("CPU 1 was idle 100%; CPU 0 ran hog (pid 50, 100%)"));
}

// What is not shown may be anybody's doing.
TEST_F(ExplainTest, WithHolesOrWithoutAffinityNobodyIsGuilty) {
  fork(10, 7, "victim");
  wake(10, 7, SchedClass::kExt);
  missing_ = {{"affinity", "", "this kernel has no such event"}};
  EXPECT_EQ(story(10, 110).guilty, Guilty::kNobody);
  EXPECT_THAT(to_text(story(10, 110)), HasSubstr("it may run on CPUs that the trace does not show"));
  missing_ = {{"dsq_insert", "", "this kernel has no such event"}};
  EXPECT_EQ(story(10, 110).guilty, Guilty::kScheduler);
  EXPECT_THAT(to_text(story(10, 110)), Not(HasSubstr("no queue is known")));
  at(10, trace::Throttle{.cgroup = 9, .cpu = 0});
  missing_ = {{"affinity", "", "this kernel has no such event"}};
  EXPECT_EQ(story(10, 110).guilty, Guilty::kQuota);
  at(111, trace::Tick{}, 0);
  missing_ = {{std::string(kLostEvents), "", "3 events"}};
  EXPECT_EQ(story(10, 110).guilty, Guilty::kNobody);
}

// A real-time task takes its CPU for a moment at the end, and the kernel puts it back by itself.
TEST_F(ExplainTest, DescribesTheLongestOfSeveralWaits) {
  fork(1, 50, "hog");
  run(1, 50, 0);
  fork(10, 7, "victim");
  wake(10, 7, SchedClass::kExt);
  at(10, trace::DsqInsert{.pid = 7, .dsq = 5});
  run(100, 7, 0, 50);
  run(109, 3, 0, 7);
  at(112, trace::Tick{}, 0);
  EXPECT_THAT(to_text(story(10, 110)), HasSubstr("it waited 91.0 ms, ran 9.0 ms; it was in the scheduler's queue 0x5"));
}

// A guest's own trace became too large: what came after it nobody knows.
TEST_F(ExplainTest, NothingGoesOnAfterTheEndOfATraceThatIsNotWhole) {
  fork(10, 7, "victim");
  wake(10, 7, SchedClass::kExt);
  at(60, trace::Tick{}, 0);
  missing_ = {{std::string(kLostEvents), "", "all events from some moment on"}};
  const WaitStory seen = story(10, 5000);
  EXPECT_EQ(seen.to_ns, 60 * kMs);
  EXPECT_EQ(seen.waited_ns, 50 * kMs);
  EXPECT_EQ(seen.guilty, Guilty::kNobody);
  TraceReader trace = reader();
  EXPECT_FALSE(explain(trace, 7, 100 * kMs, 5000 * kMs));
}

TEST_F(ExplainTest, ATaskThatTheSchedulerForgot) {
  fork(10, 7, "victim");
  wake(10, 7, SchedClass::kExt);
  EXPECT_THAT(to_text(story(10, 110)),
              HasSubstr("no queue is known that the scheduler has put it into since it ran last"));
}

// A vCPU that the host does not run looks idle, or busy with what it ran last.
TEST_F(ExplainTest, InRealTimeTheSchedulerIsNotTheOnlyOneWhoMayBeGuilty) {
  fork(10, 7, "victim");
  wake(10, 7, SchedClass::kExt);
  EXPECT_EQ(cause_of(story(10, 110)), "the BPF scheduler");
  source_ = "tracefs";
  EXPECT_THAT(cause_of(story(10, 110)), testing::AllOf(HasSubstr("the BPF scheduler"), HasSubstr("or the host")));
}

TEST_F(ExplainTest, ARealTimeHogOnTheOnlyCpu) {
  fork(1, 50, "rt_hog");
  run(1, 50, 0, 0, 49);
  fork(10, 7, "victim", 1);
  wake(10, 7);
  const WaitStory seen = story(10, 1010);
  EXPECT_EQ(seen.guilty, Guilty::kRealTime);
  EXPECT_THAT(to_text(seen), HasSubstr("it may run on CPU 0; meanwhile CPU 0 ran rt_hog (pid 50, real-time, 100%)"));
  EXPECT_THAT(to_text(seen), Not(HasSubstr("CPU 1")));
}

TEST_F(ExplainTest, ARealTimeHogBesideAnIdleCpuIsNoExcuse) {
  fork(1, 50, "rt_hog");
  run(1, 50, 0, 0, 49);
  fork(10, 7, "victim");
  wake(10, 7);
  EXPECT_EQ(story(10, 1010).guilty, Guilty::kScheduler);
}

TEST_F(ExplainTest, ARealTimeHogOnHalfOfTheCpusIsOne) {
  fork(1, 50, "rt_hog");
  run(1, 50, 0, 0, 49);
  fork(10, 7, "victim");
  wake(10, 7);
  run(11, 51, 1);
  EXPECT_EQ(story(12, 1012).guilty, Guilty::kRealTime) << "half of what it may use";
  events_.pop_back();
  run(11, 51, 1, 0, 120);
  fork(11, 52, "other");
  run(12, 52, 0, 50);
  EXPECT_EQ(story(12, 1012).guilty, Guilty::kScheduler);
}

TEST_F(ExplainTest, ADeadlineTaskAndOneOfTheKernelsOwnClass) {
  fork(1, 50, "deadline");
  run(1, 50, 0, 0, -1);
  fork(10, 7, "victim", 1);
  wake(10, 7, SchedClass::kExt);
  EXPECT_EQ(story(10, 1010).guilty, Guilty::kRealTime);
  events_.clear();
  at(0, trace::CpuSeen{.cpu = 0, .current = 0});
  fork(1, 51, "fair");
  wake(1, 51, SchedClass::kFair);
  run(1, 51, 0);
  fork(10, 7, "victim", 1);
  wake(10, 7, SchedClass::kExt);
  EXPECT_EQ(story(10, 1010).guilty, Guilty::kHigherClass);
}

TEST_F(ExplainTest, AQuota) {
  fork(10, 7, "victim");
  wake(10, 7);
  at(12, trace::Throttle{.cgroup = 9, .cpu = 0});
  const WaitStory seen = story(10, 1010);
  EXPECT_EQ(seen.guilty, Guilty::kQuota);
  EXPECT_THAT(to_text(seen), HasSubstr("was kept off by a quota for 998.0 ms"));
}

TEST_F(ExplainTest, TheFreezer) {
  fork(10, 7, "victim");
  wake(10, 7);
  run(11, 7, 1);
  at(12, trace::Freeze{}, 1);
  at(12, trace::Switch{.prev = 7, .prev_state = 1, .prev_on_rq = 0, .next = 0}, 1);
  const WaitStory seen = story(12, 512);
  EXPECT_EQ(seen.guilty, Guilty::kFreezer);
  EXPECT_THAT(to_text(seen), HasSubstr("was frozen for 500.0 ms"));
}

TEST_F(ExplainTest, NoCpuIsThereForIt) {
  fork(10, 7, "victim", 2);
  at(10, trace::CpuOffline{.cpu = 1});
  at(11, trace::Enqueue{.pid = 7, .cpu = 1, .sched_class = 3});
  EXPECT_EQ(story(12, 512).guilty, Guilty::kNoCpu);
}

TEST_F(ExplainTest, ATaskThatSleepsWaitsForNobody) {
  fork(10, 7, "victim");
  wake(10, 7);
  run(11, 7, 1);
  at(12, trace::Switch{.prev = 7, .prev_state = 1, .prev_on_rq = 0, .next = 0}, 1);
  EXPECT_EQ(story(12, 512).guilty, Guilty::kNobody);
}

TEST_F(ExplainTest, WhoIsDeadKeepsItsName) {
  fork(1, 50, "hog");
  run(1, 50, 0);
  fork(10, 7, "victim");
  wake(10, 7);
  at(100, trace::Switch{.prev = 50, .prev_state = 0x80, .prev_on_rq = 0, .next = 7}, 0);
  EXPECT_THAT(to_text(story(10, 99)), HasSubstr("hog (pid 50, 100%)"));
  EXPECT_THAT(to_text(story(10, 110)), HasSubstr("hog (pid 50, 90%)"));
}

TEST(DsqText, NamesTheBuiltInOnes) {
  EXPECT_EQ(dsq_text(0x8000000000000002, 3), "the local queue of CPU 3");
  EXPECT_EQ(dsq_text(0xC000000000000005, 3), "the local queue of CPU 5");
  EXPECT_EQ(dsq_text(0x8000000000000001, 3), "the global queue");
  EXPECT_EQ(dsq_text(0x12, 3), "the scheduler's queue 0x12");
}

// A guest may have had any number of tasks.
TEST_F(ExplainTest, OfTooManyTasksTheRestIsOne) {
  constexpr std::int32_t kFirst = 1000, kTasks = 100'500;
  fork(1, 7, "victim", 1);
  wake(1, 7);
  for (std::int32_t i = 0; i < kTasks; ++i)
    run(2 + static_cast<std::uint64_t>(i), kFirst + i, 0, i == 0 ? 0 : kFirst + i - 1);
  const WaitStory seen = story(2, 2 + kTasks);
  ASSERT_EQ(seen.cpus.size(), 1u);
  EXPECT_EQ(seen.cpus[0].users.size(), 100'001u);
  EXPECT_EQ(seen.cpus[0].users[0].pid, -1);
  EXPECT_EQ(seen.cpus[0].users[0].ran_ns, 500 * kMs);
  EXPECT_EQ(seen.guilty, Guilty::kScheduler);
}

}  // namespace
}  // namespace ktstr
