// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/judge_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trace/testing/sample_stream.h"
#include "trace/trace_file.h"

namespace ktstr {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kMs = 1'000'000;

// A body of 500 ms that begins at 1000 ms, on two CPUs.
class JudgeTrace : public testing::Test {
 protected:
  JudgeTrace() {
    request_.scheduler = "scx_some";
    story_.body_start_ns = 1000 * kMs;
    story_.body_end_ns = 1500 * kMs;
    for (std::uint32_t cpu = 0; cpu < 2; ++cpu) at(0, trace::CpuSeen{.cpu = cpu, .current = 0});
    WorkerReport worker;
    worker.cgroup = "load";
    worker.index = 3;
    worker.pid = 7;
    worker.step = 1;
    record_.workers.push_back(worker);
  }
  template <typename T>
  void at(std::uint64_t ms, const T& event, std::uint16_t cpu = 0) {
    events_.push_back(make_event(ms * kMs, cpu, event));
  }
  // Task 7 waits from 1010 ms on while CPU 1 is idle.
  void leave_idle() {
    at(10, trace::Switch{.prev = 0, .prev_on_rq = 1, .next = 50, .next_prio = 120});
    at(1010, trace::Fork{.pid = 7, .tgid = 7, .mask = {3}});
    at(1010, trace::Enqueue{.pid = 7, .cpu = 0, .sched_class = 4});
    at(1010, trace::DsqInsert{.pid = 7, .dsq = 5});
  }
  // Task 7 waits from 1010 ms on for CPU 0, where an equal runs; CPU 1 is offline.
  void starve() {
    at(1, trace::CpuOffline{.cpu = 1});
    at(5, trace::Fork{.pid = 50, .tgid = 50, .mask = {3}, .comm = {{0x676f68}}});
    at(5, trace::Enqueue{.pid = 50, .cpu = 0, .sched_class = 3, .static_prio = 120, .group = 4});
    at(10, trace::Switch{.prev = 0, .prev_on_rq = 1, .next = 50, .next_prio = 120});
    at(1010, trace::Fork{.pid = 7, .tgid = 7, .mask = {3}});
    at(1010, trace::Enqueue{.pid = 7, .cpu = 0, .sched_class = 3, .static_prio = 120, .group = 4});
  }
  void judge(Bytes most = UINT64_MAX) {
    const fs::path file = directory_.path() / kTraceFileName;
    auto writer = TraceWriter::create(file, {.kernel = "7", .cpus = 2, .source = "plugin", .missing = missing_}, most);
    ASSERT_TRUE(writer);
    for (const TraceEvent& event : events_) writer->add(event);
    ASSERT_TRUE(writer->finish());
    judge_trace(file, request_, story_, record_);
  }
  const Detail& only() {
    static const Detail none;
    EXPECT_EQ(record_.details.size(), 1u);
    return record_.details.empty() ? none : record_.details.front();
  }

  TempDir directory_ = *TempDir::create(fs::temp_directory_path(), "ktstr-judge-trace");
  std::vector<TraceEvent> events_;
  std::vector<TraceGap> missing_;
  RunRequest request_;
  GuestStory story_;
  RunRecord record_;
};

TEST_F(JudgeTrace, ASoundRunSaysWhatWasLookedAt) {
  judge();
  EXPECT_THAT(record_.details, IsEmpty());
  std::vector<std::string> checked;
  for (const Checked& one : record_.checked) checked.push_back(one.text);
  EXPECT_THAT(checked,
              testing::ElementsAre("work_conservation: longest none, limit 100 ms", "allowed_cpu",
                                   "starvation: longest none, limit 500 ms", "lost_task: longest none, limit 500 ms",
                                   "max_slice: longest none, limit 200 ms", "ping_pong: most 0 a second, limit 50"))
      << "order of weights is only judged where it is asked for, or under the kernel's own scheduler";
}

TEST_F(JudgeTrace, TheKernelsOwnSchedulerMayBalanceLater) {
  request_.scheduler = "";
  leave_idle();
  judge();
  EXPECT_THAT(record_.details, IsEmpty());
  EXPECT_EQ(record_.checked.at(0).text, "work_conservation: longest 490.0 ms of 1, limit 1000 ms");
}

TEST_F(JudgeTrace, SoItMayBeforeAnOpAttachesAScheduler) {
  leave_idle();
  ASSERT_TRUE(story_.schedulers.add({.kind = SchedulerRecord::Kind::kAttached, .state = "enabled", .life = 1},
                                    story_.body_start_ns + 400'000'000, false));
  judge();
  EXPECT_THAT(record_.details, IsEmpty());
  story_.schedulers = {};
  ASSERT_TRUE(story_.schedulers.add({.kind = SchedulerRecord::Kind::kAttached, .state = "enabled", .life = 1},
                                    story_.body_start_ns, false));
  judge();
  EXPECT_EQ(only().kind, DetailKind::kWorkConservation);
}

TEST_F(JudgeTrace, NamesTheWorkerAndTheCause) {
  leave_idle();
  judge();
  EXPECT_EQ(only().verdict, Verdict::kFail);
  EXPECT_EQ(only().kind, DetailKind::kWorkConservation);
  EXPECT_EQ(only().cgroup, "load");
  EXPECT_EQ(only().worker, 3);
  EXPECT_EQ(only().step, 1);
  EXPECT_EQ(only().measured, 490.0);
  EXPECT_EQ(only().limit, 100.0);
  EXPECT_THAT(
      only().message,
      AllOf(HasSubstr("CPU 1 was idle for 490.0 ms while worker load/3 (pid 7) or others waited"),
            HasSubstr("from 0.010000 s into the body on (limit 100 ms)"), HasSubstr("cause: the BPF scheduler")));
  ASSERT_EQ(record_.traced.size(), 1u);
  const TracedFinding& traced = record_.traced[0];
  EXPECT_TRUE(traced.is_of(only()));
  EXPECT_EQ(traced.pid, 7);
  EXPECT_EQ(traced.cpu, 1);
  EXPECT_EQ(traced.from_ns, 1010 * kMs);
  EXPECT_EQ(traced.to_ns, 1500 * kMs);
  EXPECT_EQ(traced.cause, "the BPF scheduler");
  EXPECT_EQ(traced.words, "");
  EXPECT_TRUE(traced.headline.ends_with("(limit 100 ms)"));
}

TEST_F(JudgeTrace, ExplainsTheFirstOfSeveralThatDoNotEnd) {
  leave_idle();
  request_.settings.checks.max_idle = std::chrono::milliseconds(0);
  record_.workers[0].started_ns = 1020 * kMs;
  record_.workers[0].wall_time_ns = 400 * kMs;
  record_.details.push_back(
      {.verdict = Verdict::kFail, .kind = DetailKind::kStuck, .message = "2 workers", .cgroup = "load", .step = 1});
  judge();
  EXPECT_EQ(only().message, "2 workers") << "all of them did end";
  record_.details = {
      {.verdict = Verdict::kFail, .kind = DetailKind::kStuck, .message = "2 workers", .cgroup = "load", .step = 1}};
  record_.workers[0].gone = false;
  judge();
  EXPECT_THAT(only().message, HasSubstr("2 workers; worker load/3 (pid 7): in 400.0 ms it waited 400.0 ms"));
}

TEST_F(JudgeTrace, ExplainsAWorkerThatDidNothing) {
  leave_idle();
  request_.settings.checks.max_idle = std::chrono::milliseconds(0);
  record_.workers[0].started_ns = 1020 * kMs;
  record_.workers[0].wall_time_ns = 400 * kMs;
  record_.details.push_back({.verdict = Verdict::kFail,
                             .kind = DetailKind::kNoProgress,
                             .message = "nothing",
                             .cgroup = "load",
                             .worker = 3,
                             .step = 1});
  judge();
  EXPECT_THAT(only().message, HasSubstr("nothing; in 400.0 ms it waited 400.0 ms"));
  EXPECT_EQ(record_.traced.at(0).from_ns, 1020 * kMs);
}

TEST_F(JudgeTrace, LimitsAreTheTests) {
  leave_idle();
  request_.settings.checks.max_idle = std::chrono::milliseconds(0);
  request_.settings.checks.max_wait = std::chrono::milliseconds(200);
  judge();
  EXPECT_EQ(only().kind, DetailKind::kWaitAge);
  EXPECT_THAT(only().message, HasSubstr("worker load/3 (pid 7) waited 490.0 ms"));
}

TEST_F(JudgeTrace, NamesBothTasksOfAStarvation) {
  starve();
  request_.settings.checks.max_starved = std::chrono::milliseconds(200);
  request_.settings.checks.max_slice = std::chrono::milliseconds(0);
  judge();
  EXPECT_EQ(only().kind, DetailKind::kStarvation);
  EXPECT_EQ(only().measured, 490.0);
  EXPECT_EQ(only().unit, "ms");
  EXPECT_THAT(
      only().message,
      AllOf(HasSubstr("worker load/3 (pid 7) waited 490.0 ms while hog (pid 50), of the same cgroup and not above "
                      "it, ran 490.0 ms where both may run from 0.010000 s into the body on (limit 200 ms): "),
            HasSubstr("cause: the kernel's scheduler")));
}

TEST_F(JudgeTrace, NamesTheCgroupThatRunsBeyondItsQuota) {
  request_.scheduler = "";
  at(1, trace::CgroupSeen{.cgroup = 1, .name = trace_text_of<4>("")});
  at(1, trace::CgroupSeen{.cgroup = 9, .parent = 1, .name = trace_text_of<4>("limited")});
  at(2, trace::Quota{.cgroup = 9, .period = 100'000, .quota = 10'000, .unit = 1000});
  at(1010, trace::Fork{.pid = 7, .tgid = 7, .cgroup = 9, .mask = {3}});
  at(1010, trace::Enqueue{.pid = 7, .cpu = 0, .sched_class = 3});
  at(1010, trace::Switch{.prev = 0, .next = 7});
  judge();
  EXPECT_EQ(only().kind, DetailKind::kBandwidth);
  EXPECT_EQ(only().cgroup, "load");
  EXPECT_THAT(only().message, AllOf(HasSubstr("cgroup /limited, with worker load/3 (pid 7), ran 490.0 ms in 490.0 ms, "
                                              "441.0 ms more than its quota is, from 0.010000 s into the body on"),
                                    HasSubstr("cause: the kernel's scheduler")));
  record_ = {};
  request_.settings.checks.bandwidth = false;
  judge();
  EXPECT_THAT(record_.details, IsEmpty());
}

TEST_F(JudgeTrace, NamesTheQueueThatIsTooDeep) {
  leave_idle();
  at(1020, trace::Fork{.pid = 8, .tgid = 8, .mask = {3}, .comm = trace_text_of<2>("late")});
  at(1020, trace::Enqueue{.pid = 8, .cpu = 0, .sched_class = 4});
  at(1020, trace::DsqInsert{.pid = 8, .dsq = 5});
  request_.settings.checks.max_idle = std::chrono::milliseconds(0);
  request_.settings.checks.max_queue_depth = 1;
  judge();
  EXPECT_EQ(only().kind, DetailKind::kQueueDepth);
  EXPECT_EQ(only().measured, 2);
  EXPECT_EQ(only().limit, 1);
  EXPECT_EQ(only().unit, "tasks");
  EXPECT_THAT(only().message,
              HasSubstr("the scheduler's queue 0x5 had up to 2 tasks, late (pid 8) the last of them, for "
                        "480.0 ms from 0.020000 s into the body on (limit 1)"));
}

TEST_F(JudgeTrace, ADeepQueueMayBeSomebodyElsesDoing) {
  leave_idle();
  for (const std::uint16_t cpu : {std::uint16_t{0}, std::uint16_t{1}}) {
    const int pid = 60 + cpu;
    at(1020, trace::Fork{.pid = pid, .tgid = pid, .mask = {3}, .comm = trace_text_of<2>("rt")});
    at(1020, trace::Enqueue{.pid = pid, .cpu = cpu, .sched_class = 2});
    at(1020, trace::Switch{.prev = cpu == 0 ? 50 : 0, .prev_on_rq = 1, .next = pid, .next_prio = 49}, cpu);
  }
  at(1030, trace::Fork{.pid = 8, .tgid = 8, .mask = {3}, .comm = trace_text_of<2>("late")});
  at(1030, trace::Enqueue{.pid = 8, .cpu = 0, .sched_class = 4});
  at(1030, trace::DsqInsert{.pid = 8, .dsq = 5});
  request_.settings.checks.max_idle = std::chrono::milliseconds(0);
  request_.settings.checks.max_queue_depth = 1;
  judge();
  EXPECT_EQ(only().kind, DetailKind::kQueueDepth);
  EXPECT_THAT(only().message, HasSubstr("cause: real-time tasks"));
}

TEST_F(JudgeTrace, WhatAKernelDoesNotShowIsMissedWhereATestAsksForIt) {
  missing_ = {{"dsq_insert", "", "no function scx_bpf_dsq_insert"}};
  judge();
  for (const Detail& detail : record_.details) EXPECT_EQ(detail.kind, DetailKind::kNote) << detail.message;
  record_ = {};
  request_.settings.checks.max_queue_depth = 1;
  judge();
  ASSERT_FALSE(record_.details.empty());
  const Detail& missed = record_.details.back();
  EXPECT_EQ(missed.verdict, Verdict::kInconclusive);
  EXPECT_EQ(missed.kind, DetailKind::kLostEvidence);
  EXPECT_THAT(missed.message, HasSubstr("queue_depth is not judged: this kernel does not show dsq_insert"));
}

TEST_F(JudgeTrace, OfSharesItSaysWhatItSawAndWhoHadTheRest) {
  request_.settings.checks.max_starved = request_.settings.checks.max_slice = std::chrono::milliseconds(0);
  at(1, trace::CpuOffline{.cpu = 1});
  for (const int pid : {7, 8}) {
    at(1000, trace::Fork{.pid = pid, .tgid = pid, .mask = {3}, .comm = trace_text_of<2>(pid == 7 ? "low" : "high")});
    at(1000, trace::Enqueue{.pid = pid, .cpu = 0, .sched_class = 4});
  }
  at(1000, trace::Switch{.prev = 0, .next = 7, .next_prio = 120});
  at(1100, trace::Switch{.prev = 7, .prev_on_rq = 1, .next = 8, .next_prio = 120});
  at(1450, trace::Tick{});
  record_.workers[0].started_ns = 1000 * kMs;
  record_.workers[0].wall_time_ns = 400 * kMs;
  record_.workers.push_back(record_.workers[0]);
  record_.workers[1].cgroup = "other";
  record_.workers[1].pid = 8;
  for (const std::string cgroup : {"load", "other"})
    record_.details.push_back({.verdict = Verdict::kFail,
                               .kind = DetailKind::kShare,
                               .message = "apart",
                               .cgroup = cgroup,
                               .step = 1,
                               .measured = cgroup == "load" ? 25 : 75,
                               .limit = 50,
                               .unit = "%"});
  judge();
  ASSERT_EQ(record_.details.size(), 2u);
  EXPECT_THAT(record_.details[0].message,
              AllOf(HasSubstr("apart; the recorder saw 25.0%; worker load/3 (pid 7): in 400.0 ms it waited 300.0 ms, "
                              "ran 100.0 ms"),
                    HasSubstr("CPU 0 ran high (pid 8, 75%)"), HasSubstr("cause: the BPF scheduler")));
  EXPECT_EQ(record_.details[1].message, "apart; the recorder saw 75.0%");
  ASSERT_EQ(record_.traced.size(), 1u);
  EXPECT_EQ(record_.traced[0].pid, 7);
  EXPECT_EQ(record_.traced[0].to_ns, 1400 * kMs);
}

TEST_F(JudgeTrace, NamesWhoKeepsACpu) {
  starve();
  judge();
  EXPECT_EQ(only().kind, DetailKind::kMaxSlice);
  EXPECT_THAT(
      only().message,
      HasSubstr("hog (pid 50) ran on CPU 0 for 490.0 ms, but for moments, while worker load/3 (pid 7), of the same "
                "cgroup and not below it, waited for that CPU"));
}

TEST_F(JudgeTrace, WhatIsSwitchedOffIsNotJudged) {
  starve();
  Checks& checks = request_.settings.checks;
  checks.max_starved = checks.max_slice = std::chrono::milliseconds(0);
  checks.max_moves = 0;
  checks.weight_order = false;
  judge();
  EXPECT_THAT(record_.details, IsEmpty());
  for (const Checked& one : record_.checked)
    EXPECT_THAT(one.text, testing::AnyOf(HasSubstr("work_conservation"), HasSubstr("allowed_cpu")));
}

TEST_F(JudgeTrace, WhatIsOutsideOfTheBodyIsNotJudged) {
  story_.body_start_ns = 2000 * kMs;
  story_.body_end_ns = 2050 * kMs;
  leave_idle();
  judge();
  EXPECT_THAT(record_.details, IsEmpty());
}

TEST_F(JudgeTrace, ExplainsAWorkersGap) {
  leave_idle();
  request_.settings.checks.max_idle = std::chrono::milliseconds(0);
  record_.workers[0].started_ns = 1000 * kMs;
  record_.workers[0].max_gap_ns = 400 * kMs;
  record_.workers[0].max_gap_at_ns = 450 * kMs;
  record_.details.push_back({.verdict = Verdict::kFail,
                             .kind = DetailKind::kStuck,
                             .message = "away",
                             .cgroup = "load",
                             .worker = 3,
                             .step = 1});
  judge();
  EXPECT_THAT(only().message, AllOf(HasSubstr("away; in 400.0 ms it waited 400.0 ms"), HasSubstr("cause: the BPF")));
  ASSERT_EQ(record_.traced.size(), 1u);
  EXPECT_EQ(record_.traced[0].headline, "away");
  EXPECT_EQ(record_.traced[0].from_ns, 1050 * kMs);
}

// In real time, on a host that may be loaded, and maybe with holes: the same as above would be a finding.
TEST_F(JudgeTrace, WhatAGuestSawOfItselfExplainsAndIsNotJudged) {
  leave_idle();
  record_.trace_source = kTracefs;
  record_.trace_lost = 12;
  judge();
  EXPECT_EQ(only().verdict, Verdict::kPass);
  EXPECT_EQ(only().kind, DetailKind::kNote);
  EXPECT_THAT(only().message, AllOf(HasSubstr("is not judged"), HasSubstr("12 events were lost")));
  EXPECT_THAT(record_.checked, IsEmpty());

  record_.workers[0].max_gap_ns = 400 * kMs;
  record_.workers[0].max_gap_at_ns = 1450 * kMs - record_.workers[0].started_ns;
  record_.details = {{.verdict = Verdict::kFail,
                      .kind = DetailKind::kStuck,
                      .message = "a gap of 400 ms",
                      .cgroup = "load",
                      .worker = 3,
                      .step = 1}};
  judge();
  ASSERT_EQ(record_.traced.size(), 1u);
  EXPECT_THAT(record_.details[0].message, HasSubstr("cause: the BPF scheduler"));
}

TEST_F(JudgeTrace, ATraceThatIsNotThereOrEndsEarlyIsLostEvidence) {
  judge_trace(directory_.path() / "none", request_, story_, record_);
  EXPECT_EQ(only().verdict, Verdict::kInconclusive);
  EXPECT_EQ(only().kind, DetailKind::kLostEvidence);
  record_.details.clear();
  record_.why_no_trace = "the plugin's ring holds what is not an event";
  judge();
  EXPECT_THAT(only().message, HasSubstr("the recorder saw no more from some point on: the plugin's ring"));
}

TEST_F(JudgeTrace, ATraceThatBecameTooLargeIsJudgedAsFarAsItGoes) {
  for (std::uint64_t i = 0; i < 200'000; ++i)
    at(1000 + i / 1000,
       trace::Rename{.pid = 9, .comm = {{i * i * 0x9e3779b97f4a7c15, i * i * i * 0xbf58476d1ce4e5b9}}});
  judge(Bytes{64} << 10);
  EXPECT_EQ(only().verdict, Verdict::kPass);
  EXPECT_THAT(only().message, HasSubstr("is judged up to "));
}

}  // namespace
}  // namespace ktstr
