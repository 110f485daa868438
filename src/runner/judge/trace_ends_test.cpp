// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/trace_ends.h"

#include <gmock/gmock.h>

#include "trace/testing/made_trace.h"

namespace ktstr {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

// A body that began at 1000 ms, and was not heard to end.
class TraceEnds : public MadeTrace {
 protected:
  TraceEnds() {
    story_.body_start_ns = 1000 * kMs;
    record_.end_of_guest = "completed";
  }
  void find(DetailKind kind, Verdict verdict = Verdict::kFail) {
    record_.details.push_back({.verdict = verdict, .kind = kind, .message = "it is so", .step = 1});
  }
  const TracedFinding& finding() {
    reader();
    trace_ends(directory_.path() / "t", story_, record_);
    static const TracedFinding none;
    EXPECT_EQ(record_.traced.size(), 1u);
    return record_.traced.empty() ? none : record_.traced.front();
  }
  void expect_silence() {
    reader();
    trace_ends(directory_.path() / "t", story_, record_);
    EXPECT_THAT(record_.traced, IsEmpty());
  }
  // Task 7 waits from 1100 ms on, in a queue that nobody looks into.
  void stall() {
    fork(1010, 7, "cg_0/1");
    wake(1010, 7);
    run(1020, 7, 1);
    sleep(1050, 7, 1);
    wake(1100, 7);
    at(1100, trace::DsqInsert{.pid = 7, .dsq = 0x101});
    at(3100, trace::SchedulerExit{.reason = 1026});
    run(3110, 7, 0);
    at(3200, trace::Tick{});
    find(DetailKind::kSchedulerStalled);
    record_.scheduler().exit_message = "cg_0/1[7] failed to run for 2.000s";
  }

  GuestStory story_;
  RunRecord record_;
};

TEST_F(TraceEnds, OfAStallAreTheTaskThatTheKernelNames) {
  stall();
  const TracedFinding& traced = finding();
  EXPECT_TRUE(traced.is_of(record_.details[0]));
  EXPECT_EQ(traced.headline, "it is so");
  EXPECT_EQ(traced.pid, 7);
  EXPECT_EQ(traced.from_ns, 1100 * kMs);
  EXPECT_EQ(traced.to_ns, 3100 * kMs);
  EXPECT_EQ(traced.cause, "the BPF scheduler");
  EXPECT_THAT(traced.words,
              AllOf(HasSubstr("cg_0/1 (pid 7) from 0.100000 s into the body on: in 2.00 s it waited 2.00 s"),
                    HasSubstr("the scheduler's queue 0x101"), HasSubstr("cause: the BPF scheduler")));
}

TEST_F(TraceEnds, OfAStallBehindARealTimeTaskBlameThat) {
  events_.insert(events_.begin() + 2, make_event(1005 * kMs, 0, trace::Fork{.pid = 50, .tgid = 50}));
  stall();
  for (TraceEvent& event : events_)
    if (event.kind == TraceKind::kFork && event_as<trace::Fork>(event).pid == 7)
      event = make_event(1010 * kMs, 0, trace::Fork{.pid = 7, .tgid = 7, .mask = {2}});
  events_.insert(events_.end() - 4, make_event(1090 * kMs, 1, trace::Switch{.prev = 0, .next = 50, .next_prio = 9}));
  EXPECT_EQ(finding().cause, "real-time tasks");
}

TEST_F(TraceEnds, OfAStallSayNothingWhereTheTraceDoesNotHaveIt) {
  stall();
  record_.scheduler().exit_message = "other[99] failed to run for 2.000s";
  expect_silence();
  record_.scheduler().exit_message = "cg_0/1[7] failed to run for 2.000s";
  std::erase_if(events_, [](const TraceEvent& event) { return event.kind == TraceKind::kSchedulerExit; });
  expect_silence();
}

TEST_F(TraceEnds, OfASchedulersErrorAreTheMoment) {
  fork(1010, 7, "cg_0/1");
  run(1020, 7, 1);
  at(1500, trace::SchedulerExit{.reason = 1025});
  at(1600, trace::SchedulerExit{.reason = 64});
  find(DetailKind::kSchedulerCrashed);
  const TracedFinding& traced = finding();
  EXPECT_EQ(traced.pid, 0);
  EXPECT_EQ(traced.to_ns, 1500 * kMs);
  EXPECT_EQ(traced.cause, "");
  EXPECT_THAT(traced.words, AllOf(HasSubstr("the scheduler ended 0.500000 s into the body: "),
                                  HasSubstr("CPU 1 ran cg_0/1 (pid 7) since 0.020 s")));
}

TEST_F(TraceEnds, OfATaskThatWasSentWhereItMayNotRunNameIt) {
  at(1010, trace::Fork{.pid = 7, .tgid = 7, .mask = {2}, .comm = trace_text_of<2>("cg_0/1")});
  run(1020, 7, 1);
  at(1500, trace::SchedulerExit{.reason = 1024});
  record_.scheduler().exit_message = "SCX_DSQ_LOCAL[_ON] target CPU 0 not allowed for cg_0/1[7]";
  find(DetailKind::kSchedulerCrashed);
  const TracedFinding& traced = finding();
  EXPECT_EQ(traced.pid, 7);
  EXPECT_EQ(traced.cause, "the BPF scheduler");
  EXPECT_THAT(traced.words, HasSubstr("; the kernel names cg_0/1 (pid 7), which may run on CPU 1"));
}

TEST_F(TraceEnds, OfAHangAreWhatEachCpuRanLastAndWhoWaits) {
  record_.end_of_guest = "hang";
  fork(1000, 131, "load_module");
  fork(1000, 1, "ktstr-agent");
  run(1203, 131, 1);
  wake(1300, 1, SchedClass::kRealTime, 1);
  at(2500, trace::Tick{}, 0);
  find(DetailKind::kKernelHang);
  find(DetailKind::kNote, Verdict::kPass);
  const TracedFinding& traced = finding();
  EXPECT_EQ(traced.pid, 1);
  EXPECT_EQ(traced.from_ns, 1203 * kMs);
  EXPECT_EQ(traced.to_ns, 2500 * kMs);
  EXPECT_EQ(traced.cause, "") << "who is guilty of a hang the trace cannot know";
  EXPECT_THAT(
      traced.words,
      AllOf(HasSubstr("the trace ends 1.500000 s into the body: CPU 1 ran load_module (pid 131) since 0.203 s, with "
                      "no event after 0.203 s"),
            HasSubstr("ktstr-agent (pid 1) had waited 1.20 s for CPU 1")));
}

TEST_F(TraceEnds, OfABodyThatDoesNotEndAreAsItWasWhenItWasEnded) {
  story_.body_end_ns = 3000 * kMs;
  fork(1000, 131, "spinner");
  run(1203, 131, 1);
  at(2990, trace::Tick{}, 1);
  run(3100, 0, 1, 131);
  find(DetailKind::kTimeout);
  EXPECT_THAT(finding().words, HasSubstr("when the body was ended, CPU 1 ran spinner (pid 131) since 0.203 s"));
}

TEST_F(TraceEnds, OfOtherFindingsOrWithoutABodyAreNothing) {
  find(DetailKind::kUnfair);
  find(DetailKind::kStuck);
  at(2990, trace::Tick{}, 1);
  expect_silence();
  find(DetailKind::kKernelPanic);
  story_.body_start_ns = 0;
  expect_silence();
}

TEST_F(TraceEnds, AreNotTakenFromAFileThatIsNone) {
  find(DetailKind::kKernelPanic);
  trace_ends(directory_.path() / "none", story_, record_);
  EXPECT_THAT(record_.traced, IsEmpty());
}

}  // namespace
}  // namespace ktstr
