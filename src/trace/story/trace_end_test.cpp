// SPDX-License-Identifier: Apache-2.0
#include "trace/story/trace_end.h"

#include <gmock/gmock.h>

#include "trace/testing/made_trace.h"

namespace ktstr {
namespace {

using testing::HasSubstr;
using testing::Not;

class TraceEndTest : public MadeTrace {
 protected:
  TraceEnd end(const EndAsked& asked = {}) {
    TraceReader trace = reader();
    const auto made = trace_end(trace, asked);
    EXPECT_TRUE(made) << made.error().message();
    return made.value_or(TraceEnd{});
  }
  // A task takes CPU 1 at 1203 ms, and nothing is heard of that CPU again; another one waits for it.
  void hang() {
    fork(1000, 131, "hog");
    fork(1000, 1, "ktstr-agent");
    run(1203, 131, 1, 0, 49);
    wake(1300, 1, SchedClass::kRealTime, 1);
    at(2500, trace::Tick{}, 0);
  }
};

TEST_F(TraceEndTest, SaysWhatACpuHasRunSinceWhen) {
  hang();
  const TraceEnd seen = end();
  EXPECT_EQ(seen.at_ns, 2500 * kMs);
  ASSERT_EQ(seen.cpus.size(), 2u);
  EXPECT_EQ(seen.cpus[1].pid, 131);
  EXPECT_EQ(seen.cpus[1].since_ns, 1203 * kMs);
  EXPECT_EQ(
      to_text(seen, 1000 * kMs),
      "CPU 1 ran hog (pid 131, real-time) since 0.203 s, with no event after 0.203 s; CPU 0 was idle; ktstr-agent "
      "(pid 1) had waited 1.20 s for CPU 1");
}

TEST_F(TraceEndTest, KnowsWhetherThereWasMore) {
  hang();
  EXPECT_FALSE(end().is_cut_off);
  missing_ = {{std::string(kLostEvents), "", "all events from some moment on"}};
  EXPECT_TRUE(end().is_cut_off);
  EXPECT_FALSE(end({.until_ns = 2000 * kMs}).is_cut_off);
}

TEST_F(TraceEndTest, ABriefWaitAndAnIdleCpusSilenceAreNothing) {
  fork(1000, 131, "worker");
  run(1203, 131, 1);
  wake(2499, 50);
  at(2500, trace::Tick{}, 1);
  EXPECT_EQ(to_text(end(), 1000 * kMs), "CPU 1 ran worker (pid 131) since 0.203 s; CPU 0 was idle");
}

TEST_F(TraceEndTest, WhoIsKeptOffByAQuotaDoesNotWait) {
  fork(1000, 7, "limited");
  wake(1000, 7, SchedClass::kFair);
  at(1001, trace::Throttle{.cgroup = 9, .cpu = 0});
  at(2500, trace::Tick{}, 0);
  EXPECT_TRUE(end().waiting.empty());
}

TEST_F(TraceEndTest, StopsWhereTheKernelEndsTheScheduler) {
  fork(10, 7, "victim");
  wake(10, 7);
  at(500, trace::SchedulerExit{.reason = 1026});
  run(510, 7, 0);
  at(600, trace::SchedulerExit{.reason = 64});
  const TraceEnd seen = end({.exit_reasons = {{1026, 1026}}, .pid = 7});
  EXPECT_EQ(seen.scheduler_exit_ns, 500 * kMs);
  ASSERT_TRUE(seen.task);
  EXPECT_EQ(seen.task->phase, TaskPhase::kWaiting);
  EXPECT_EQ(seen.task->since_ns, 10 * kMs);
  EXPECT_EQ(end({.exit_reasons = {{1, 1023}}}).scheduler_exit_ns, 600 * kMs);
  EXPECT_FALSE(end({.exit_reasons = {{1026, 1026}}, .exit_after_ns = 550 * kMs}).scheduler_exit_ns);
  EXPECT_EQ(end({.until_ns = 505 * kMs}).at_ns, 500 * kMs);
}

TEST_F(TraceEndTest, OfManyCpusNamesSome) {
  for (std::uint16_t cpu = 2; cpu < 12; ++cpu) at(1, trace::CpuSeen{.cpu = cpu, .current = 0});
  EXPECT_THAT(to_text(end(), 0), HasSubstr("; and 4 more CPUs"));
  EXPECT_THAT(to_text(end(), 0), Not(HasSubstr("CPU 9")));
}

TEST_F(TraceEndTest, OfNoEvent) {
  events_.clear();
  TraceReader trace = reader();
  EXPECT_FALSE(trace_end(trace));
}

}  // namespace
}  // namespace ktstr
