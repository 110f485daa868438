// SPDX-License-Identifier: Apache-2.0
#include "report/repeat_report.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/testing/approved.h"
#include "report/testing/sample_records.h"
#include "report/units.h"

namespace ktstr {
namespace {

using ::testing::HasSubstr;

TEST(RepeatSummary, IsOneLineWhenAllDigestsAreEqual) {
  EXPECT_EQ(repeat_summary({passing_record(), passing_record(), passing_record()}),
            "3 runs of two_cgroups: 3 pass; all with digest 5b1c0de2a94f\n");
  EXPECT_EQ(repeat_summary({}), "");
}

TEST(RepeatSummary, ShowsTheFirstDifference) {
  RunRecord other = unfair_record();
  other.digest[0] = '6';
  other.marks = passing_record().marks;
  other.marks[1].at_ns += 1000;
  expect_approved("repeat_differs", repeat_summary({passing_record(), passing_record(), other}));
}

TEST(RepeatSummary, TakesTheRunnersWordForTheFirstDifference) {
  RunRecord other = passing_record();
  other.digest[0] = '6';
  other.details.push_back({Verdict::kFail, DetailKind::kNotRepeatable, "event 17: mark at 2.1 s"});
  EXPECT_THAT(repeat_summary({passing_record(), other}), HasSubstr("run 1 and run 2: event 17: mark at 2.1 s"));
}

TEST(RepeatSummary, DoesNotCallMissingDigestsEqual) {
  EXPECT_EQ(repeat_summary({lost_record(), lost_record()}),
            "2 runs of two_cgroups: 2 infrastructure; no complete digest to compare\n");
}

TEST(FirstDifference, LooksAtInputsBeforeResults) {
  const RunRecord a = passing_record();
  EXPECT_EQ(first_difference(a, a), "");
  RunRecord b = a;
  b.workers[1].iterations += 1;
  EXPECT_EQ(first_difference(a, b), "worker 1 of cg_0, iterations: 46001 and 46002");
  b.workers[0].wake_latencies.add(5, 100);
  EXPECT_EQ(first_difference(a, b), "worker 0 of cg_0, wake latencies:  and 5x100");
  for (std::uint64_t ns = 6; ns < 30; ++ns) b.workers[0].wake_latencies.add(ns);
  EXPECT_EQ(first_difference(a, b), "worker 0 of cg_0, wake latencies") << "too long to be shown";
  b.workers[0].max_gap_ns = 5;
  EXPECT_THAT(first_difference(a, b), HasSubstr("worker 0 of cg_0, max gap (ns): "));
  b.marks.pop_back();
  EXPECT_EQ(first_difference(a, b), "number of events: 6 and 5");
  b.tuple.inputs["/scx"] = "aa";
  EXPECT_EQ(first_difference(a, b), "/scx was delivered to one of them only");
  b.tuple.seed = 2;
  EXPECT_EQ(first_difference(a, b), "seed: 1 and 2");
}

TEST(FirstDifference, NamesEachInputInWords) {
  RunRecord a = passing_record();
  a.tuple.inputs = {{"/scx", "aa"}};
  const auto difference = [&](const auto& change) {
    RunRecord b = a;
    change(b.tuple);
    return first_difference(a, b);
  };
  EXPECT_EQ(difference([](RunTuple& t) { t.vary = "none"; }), "what the seed varies: all and none");
  EXPECT_EQ(difference([](RunTuple& t) { t.work_type = "SpinWait"; }), "work type of swappable cgroups:  and SpinWait");
  EXPECT_EQ(difference([](RunTuple& t) { t.kernel_sha256 = "0123456789abcdef"; }),
            "kernel: " + a.tuple.kernel_sha256.substr(0, 12) + " and 0123456789ab");
  EXPECT_EQ(difference([](RunTuple& t) {
              t.topology = {1, 1, 1, 1};
            }),
            "topology: " + a.tuple.topology.to_string() + " and 1n1l1c1t");
  EXPECT_EQ(difference([](RunTuple& t) { t.icount_shift = 9; }),
            fmt::format("icount shift: {} and 9", a.tuple.icount_shift));
  EXPECT_EQ(difference([](RunTuple& t) { t.turn_instructions = 7; }),
            fmt::format("turns in instructions: {} and 7", a.tuple.turn_instructions));
  EXPECT_EQ(difference([](RunTuple& t) { t.cpu_speeds = "1=40%"; }), "speeds of CPUs:  and 1=40%");
  EXPECT_EQ(difference([](RunTuple& t) { t.schedule = "f+0x1 to g+0x2 until write"; }),
            "which CPU is held where:  and f+0x1 to g+0x2 until write");
  EXPECT_EQ(difference([](RunTuple& t) { t.policy = "pct"; }), "policy of turns:  and pct");
  EXPECT_EQ(difference([](RunTuple& t) { t.quantum_ns = 20'200; }),
            fmt::format("quantum: {} and 20.2us", short_duration(a.tuple.quantum_ns)));
  EXPECT_EQ(difference([](RunTuple& t) { t.memory_bytes = 5; }), fmt::format("memory: {} and 5", a.tuple.memory_bytes));
  EXPECT_EQ(difference([](RunTuple& t) { t.qemu_version = "0"; }), "QEMU: " + a.tuple.qemu_version + " and 0");
  EXPECT_EQ(difference([](RunTuple& t) { t.inputs["/scx"] = "bb"; }), "the contents of /scx");
  EXPECT_EQ(difference([](RunTuple& t) { t.inputs.clear(); }), "/scx was delivered to one of them only");
}

TEST(JsonReport, IsAnObjectForOneRunAndAListForSeveral) {
  EXPECT_THAT(json_report({passing_record()}), HasSubstr("\n \"verdict\": \"pass\""));
  EXPECT_THAT(json_report({passing_record(), passing_record()}), HasSubstr("\"digests_equal\": true"));
}

TEST(FirstDifference, LooksAtTheScenarioAndItsPayloads) {
  const RunRecord a = payload_record();
  RunRecord b = a;
  b.payloads[0].output_tail = "x";
  EXPECT_THAT(first_difference(a, b), HasSubstr("payload fio, output tail: "));
  b.payloads[0].metrics[1].value = 1.5;
  EXPECT_EQ(first_difference(a, b), "payload fio, write_lat_p99: 1.25 and 1.5");
  b.payloads[0].exit = "exit status 1";
  EXPECT_EQ(first_difference(a, b), "payload fio, exit: exit status 0 and exit status 1");
  b.stimuli[0].iterations = 7;
  EXPECT_EQ(first_difference(a, b), "when the ops of step 1 were done, iterations: 0 and 7");
  b.stimuli[0].op_kinds = {"set_nice"};
  EXPECT_EQ(first_difference(a, b), "when the ops of step 1 were done, op kinds:  and set_nice");
  b = a;
  b.stimuli[0].workers += 1;
  EXPECT_THAT(first_difference(a, b), HasSubstr("when the ops of step 1 were done, workers: "));
  b = a;
  b.payloads[0].oom_killed = true;
  EXPECT_EQ(first_difference(a, b), "payload fio, oom killed: false and true");
  b = a;
  b.payloads[0].metrics[0].unit = "other";
  EXPECT_THAT(first_difference(a, b), HasSubstr("payload fio, metrics"));
  b = a;
  b.marks[2].workers += 1;
  EXPECT_THAT(first_difference(a, b), HasSubstr("step 1 resumed, workers: "));
  b = a;
  b.payloads.pop_back();
  EXPECT_EQ(first_difference(a, b), "number of payloads: 2 and 1");
  b = a;
  b.payloads[0].cgroup = "cg_0";
  EXPECT_EQ(first_difference(a, b), "payload fio of cg_1 or fio of cg_0 ended first");
  b = a;
  b.marks[2].kind = StepMark::Kind::kScenarioPause;
  EXPECT_EQ(first_difference(a, b), "event 3: step 1 resumed in one of them only");
}

}  // namespace
}  // namespace ktstr
