// SPDX-License-Identifier: Apache-2.0
#include "runner/event_text.h"

#include <gmock/gmock.h>

#include "wire/records.h"

namespace ktstr {
namespace {

using mailbox::Lane;
using testing::HasSubstr;

template <typename T>
Record event_of(RecordType type, const T& value, std::uint64_t time_ns = 2'104'551'123, Lane lane = Lane::kBody) {
  return {type, lane, 0, time_ns, encode(value)};
}

TEST(EventText, IsALineForEachRecordByGuestTime) {
  const StepMark mark{StepMark::Kind::kStepStart, 1, 2'104'000'000, 2, 4, "crowded"};
  EXPECT_EQ(event_text({event_of(RecordType::kMark, mark),
                        event_of(RecordType::kLog, LogRecord{LogRecord::Stream::kScheduler, "hello"}, 9, Lane::kAgent),
                        {RecordType::kEnd, Lane::kAgent, 1, 12'000'000'000, {}}}),
            "   0.000000009  agent  log: scheduler| hello\n"
            "   2.104551123  body   mark: step 1 began (crowded) at 2104000000 ns, 2 cgroups, 4 workers\n"
            "  12.000000000  agent  end\n");
}

TEST(EventText, SaysWhatEveryTypeHolds) {
  WorkerReport worker;
  worker.cgroup = "cg_0";
  worker.iterations = 77;
  worker.wakeups = 2;
  worker.wake_latencies.buckets = {{5, 1}, {1024, 6}};
  worker.latencies = {{.what = "request", .max_ns = 9, .times = {{{9, 2}}}}};
  worker.counts = {{"hits", 7}};
  ResultRecord result;
  result.result.details = {{Verdict::kFail, DetailKind::kStuck, "stood still"}};
  result.result.captures = {{"before", "cg_0", 1, {101, 102}}};
  const PayloadReport payload{.name = "fio",
                              .cgroup = "cg_0",
                              .step = 1,
                              .pid = 9,
                              .exit = "exit status 0",
                              .exit_code = 0,
                              .wall_time_ns = 5,
                              .metrics = {{"iops", 12.5, Polarity::kHigher, "1/s"}, {"ops", 7, Polarity::kHigher, ""}},
                              .missing = {"lat: none"},
                              .output_tail = "a\nb"};
  const Stimulus stimulus{.elapsed_ms = 12,
                          .step = 2,
                          .ops = 3,
                          .op_kinds = {"add_cgroup", "add_cgroup_def"},
                          .cgroups = 4,
                          .workers = 5,
                          .iterations = 6};
  const std::pair<Record, const char*> cases[] = {
      {event_of(RecordType::kMark, StepMark{.kind = StepMark::Kind::kScenarioResume, .step = 3}),
       "mark: step 3 resumed"},
      {event_of(RecordType::kMark, StepMark{.kind = StepMark::Kind::kScenarioPause, .step = 3}), "mark: step 3 paused"},
      {event_of(RecordType::kMark, StepMark{.kind = StepMark::Kind::kScenarioEnd}), "mark: scenario ended"},
      {event_of(RecordType::kStimulus, stimulus),
       "stimulus: step 2 at 12 ms, 3 ops (add_cgroup add_cgroup_def), 4 cgroups, 5 workers, 6 iterations so far"},
      {event_of(RecordType::kPayload, payload),
       "payload: fio of cg_0 (step 1, pid 9): exit status 0, code 0, wall 5 ns; iops 12.5 1/s (higher); ops 7 "
       "(higher); missing lat: "
       "none; said a|b"},
      {event_of(RecordType::kResult, result), "; capture before of cg_0 (step 1): 101 102"},
      {event_of(RecordType::kHello, HelloRecord{"1", "7.3", "#1"}), "hello: agent 1 on 7.3 #1"},
      {event_of(RecordType::kTopology, TestTopology{}), "topology: 0 CPUs"},
      {event_of(RecordType::kPhase, PhaseRecord{Phase::kBody}), "phase: body"},
      {event_of(RecordType::kQuantum, QuantumRecord{50'000}), "quantum: 50000 ns"},
      {event_of(RecordType::kScheduler,
                SchedulerRecord{.kind = SchedulerRecord::Kind::kExited, .exit = "killed", .life = 1}),
       "scheduler: exited, pid 0, killed"},
      {event_of(RecordType::kWorker, worker), "worker: cgroup cg_0, step 0, index 0, "},
      {event_of(RecordType::kWorker, worker), "iterations 77, "},
      {event_of(RecordType::kWorker, worker), "wakeups 2, wake_max_ns 0, "},
      {event_of(RecordType::kWorker, worker), "sleep_ns 0, wake_latencies 5x1 1024x6, responded true, "},
      {event_of(RecordType::kResult, result), "fail stuck: stood still"},
      {event_of(RecordType::kBodyEnd, BodyEndRecord{true, false, "exited"}), "body_end: exited, clean"},
      {event_of(RecordType::kGuestError, GuestErrorRecord{ErrorCode::kNoSpace, "full", ""}),
       "guest_error: no space: full"}};
  for (const auto& [record, wanted] : cases) EXPECT_THAT(event_line(record), HasSubstr(wanted));
}

TEST(EventText, KeepsAGuestOffTheTerminalAndSaysWhatItCannotRead) {
  EXPECT_THAT(event_line(event_of(RecordType::kLog, LogRecord{LogRecord::Stream::kBody, "a\x1b[2Jb\nc"})),
              testing::Not(testing::AnyOf(HasSubstr("\x1b"), HasSubstr("\n"))));
  EXPECT_THAT(event_line({RecordType::kMark, Lane::kBody, 0, 0, {std::byte{1}}}),
              HasSubstr("cannot be decoded (1 bytes)"));
  EXPECT_THAT(event_line({static_cast<RecordType>(99), Lane::kBody, 0, 0, {}}), HasSubstr("unknown: type 99, 0 bytes"));
}

}  // namespace
}  // namespace ktstr
