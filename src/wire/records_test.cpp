// SPDX-License-Identifier: Apache-2.0
#include "wire/records.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "ktstr/op.h"
#include "wire/field_codec.h"

namespace ktstr {
namespace {

template <typename T>
T round_trip(const T& record) {
  auto decoded = decode<T>(encode(record));
  EXPECT_TRUE(decoded) << decoded.error().render();
  return decoded ? *decoded : T{};
}

WorkerReport some_report() {
  WorkerReport report;
  report.cgroup = "cg_0";
  report.step = 2;
  report.index = 3;
  report.work_units = 1234567;
  report.max_gap_cpu = -1;
  report.cpus_used = CpuSet{0, 1, 5};
  report.wake_latencies.buckets = {{1, 2}, {64, 3}};
  report.latencies = {{.what = "request", .max_ns = 70, .times = {{{64, 4}}}}};
  report.counts = {{"hits", 5}};
  report.responded = false;
  report.exit = "killed by signal 9 (SIGKILL)";
  return report;
}

PayloadReport some_payload() {
  return {.name = "fio",
          .cgroup = "cg_1",
          .step = 2,
          .pid = 41,
          .killed = true,
          .exit = "killed by signal 9 (SIGKILL)",
          .exit_code = -1,
          .wall_time_ns = 1'500'000'000,
          .metrics = {{"write_iops", 1234.5, Polarity::kHigher, "1/s"}, {"lat", 0.25, Polarity::kLower, "ms"}},
          .missing = {"read_iops: no 'jobs.0.read.iops'"},
          .output_tail = "the last line\n"};
}

ResultRecord some_result() {
  ResultRecord record;
  record.result.details.push_back({.kind = DetailKind::kNote, .message = "n"});
  record.result.payloads = {some_payload(), some_payload()};
  record.result.captures = {{"before", "cg_0", 1, {101, 102, 103}}, {"after", "", 2, {}}};
  record.result.checked = {{"progress", 2}};
  return record;
}

// No prefix of a record is one, and nothing may stand after it.
template <typename T>
void expect_only_the_whole(const T& record) {
  const ByteVector whole = encode(record);
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(decode<T>(ByteSpan(whole).first(length))) << length;
  EXPECT_TRUE(decode<T>(whole));
  ByteVector longer = whole;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(decode<T>(longer));
}

// Whatever a guest makes of the bytes, what is taken for a record is one that encode() could have written.
template <typename T>
void expect_damage_is_refused_or_canonical(const T& record) {
  const ByteVector whole = encode(record);
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const std::byte value : {std::byte{0}, std::byte{1}, std::byte{0x7f}, std::byte{0xff}}) {
      ByteVector damaged = whole;
      damaged[at] = value;
      const auto decoded = decode<T>(damaged);
      if (decoded) {
        EXPECT_EQ(encode(*decoded), damaged) << "byte " << at;
      }
    }
}

TEST(Records, WorkerReportsSurviveTheTrip) {
  const auto record = round_trip(some_report());
  EXPECT_EQ(record.step, 2);
  EXPECT_EQ(record.cgroup, "cg_0");
  EXPECT_EQ(record.index, 3);
  EXPECT_EQ(record.work_units, 1234567u);
  EXPECT_EQ(record.max_gap_cpu, -1);
  EXPECT_EQ(record.cpus_used, (CpuSet{0, 1, 5}));
  EXPECT_EQ(record.wake_latencies.buckets, (std::vector<LatencyBucket>{{1, 2}, {64, 3}}));
  EXPECT_EQ(record.latencies.at(0).what, "request");
  EXPECT_EQ(record.counts.at(0).count, 5u);
  EXPECT_FALSE(record.responded);
}

TEST(Records, ResultsSurviveTheTrip) {
  ResultRecord record;
  record.result.details.push_back({.verdict = Verdict::kFail,
                                   .kind = DetailKind::kStuck,
                                   .message = "worker 1 of cg_0 did not run",
                                   .cgroup = "cg_0",
                                   .worker = 1,
                                   .step = 1,
                                   .measured = 2431.0,
                                   .limit = 2000.0,
                                   .unit = "ms"});
  CgroupStats& stats = record.result.cgroups.emplace_back();
  stats.cgroup = "cg_0", stats.workers = 2, stats.spread_pct = 12.5;
  record.result.checked = {{"progress", 2}};
  const auto back = round_trip(record);
  ASSERT_EQ(back.result.details.size(), 1u);
  EXPECT_EQ(back.result.details[0].kind, DetailKind::kStuck);
  EXPECT_EQ(back.result.details[0].limit, 2000.0);
  EXPECT_EQ(back.result.cgroups.at(0).spread_pct, 12.5);
  EXPECT_EQ(back.result.checked.at(0), (Checked{"progress", 2}));
}

TEST(Records, PayloadReportsSurviveTheTrip) {
  const PayloadReport back = round_trip(some_payload());
  EXPECT_EQ(back.name, "fio");
  EXPECT_EQ(back.cgroup, "cg_1");
  EXPECT_EQ(back.step, 2);
  EXPECT_EQ(back.pid, 41);
  EXPECT_TRUE(back.killed);
  EXPECT_EQ(back.exit, "killed by signal 9 (SIGKILL)");
  EXPECT_EQ(back.exit_code, -1);
  EXPECT_EQ(back.wall_time_ns, 1'500'000'000u);
  ASSERT_EQ(back.metrics.size(), 2u);
  EXPECT_EQ(back.metrics[0].name, "write_iops");
  EXPECT_EQ(back.metrics[0].value, 1234.5);
  EXPECT_EQ(back.metrics[1].polarity, Polarity::kLower);
  EXPECT_EQ(back.metrics[1].unit, "ms");
  EXPECT_EQ(back.missing, some_payload().missing);
  EXPECT_EQ(back.output_tail, "the last line\n");
}

TEST(Records, StimuliSurviveTheTripAtTheirLargest) {
  const Stimulus back = round_trip(Stimulus{1, 2, 3, 4, {"set_nice", "spawn"}, 5, 6, 7});
  EXPECT_EQ(back.at_ns, 1u);
  EXPECT_EQ(back.elapsed_ms, 2u);
  EXPECT_EQ(back.step, 3u);
  EXPECT_EQ(back.ops, 4u);
  EXPECT_EQ(back.op_kinds, (std::vector<std::string>{"set_nice", "spawn"}));
  EXPECT_EQ(back.cgroups, 5u);
  EXPECT_EQ(back.workers, 6u);
  EXPECT_EQ(back.iterations, 7u);
  const Stimulus largest = round_trip(Stimulus{~0ull, ~0u, 0xffff, 0xffff, {}, 0xffff, 0xffff, ~0ull});
  EXPECT_EQ(largest.at_ns, ~0ull);
  EXPECT_EQ(largest.elapsed_ms, ~0u);
  EXPECT_EQ(largest.workers, 0xffffu);
  EXPECT_EQ(largest.iterations, ~0ull);
}

TEST(Records, ResultsCarryPayloadsAndCaptures) {
  const AssertResult back = round_trip(some_result()).result;
  ASSERT_EQ(back.payloads.size(), 2u);
  EXPECT_EQ(back.payloads[1].metrics.at(0).name, "write_iops");
  ASSERT_EQ(back.captures.size(), 2u);
  EXPECT_EQ(back.captures[0].tag, "before");
  EXPECT_EQ(back.captures[0].pids, (std::vector<int>{101, 102, 103}));
  EXPECT_EQ(back.captures[1].step, 2);
}

TEST(Records, OfAPayloadsOutputTheEndTravels) {
  PayloadReport report = some_payload();
  report.output_tail = std::string(kMaxOutputTailBytes, 'x') + "end";
  const std::string back = round_trip(report).output_tail;
  EXPECT_EQ(back.size(), kMaxOutputTailBytes);
  EXPECT_TRUE(back.ends_with("xend"));
}

TEST(Records, AResultThatIsTooLargeLosesWhatDoesNotDecideAndSaysSo) {
  ResultRecord fits = some_result();
  fit_into_record(fits);
  EXPECT_EQ(encode(fits), encode(some_result()));

  ResultRecord talkative = some_result();
  talkative.result.payloads[0].output_tail = std::string(kMaxOutputTailBytes, 'x');
  fit_into_record(talkative, 4096);
  EXPECT_LE(encode(talkative).size(), 4096u);
  EXPECT_EQ(talkative.result.payloads[0].metrics.size(), 2u);
  EXPECT_EQ(talkative.result.captures.size(), 2u);
  EXPECT_EQ(talkative.result.details.size(), 2u);

  ResultRecord crowded = some_result();
  crowded.result.captures[0].pids.assign(10'000, 7);
  fit_into_record(crowded, 4096);
  EXPECT_LE(encode(crowded).size(), 4096u);
  EXPECT_TRUE(crowded.result.captures.empty());
  EXPECT_EQ(crowded.result.details.back().kind, DetailKind::kLostEvidence);
  EXPECT_EQ(crowded.result.details.back().verdict, Verdict::kInconclusive);
  EXPECT_NE(crowded.result.details.back().message.find("2 captures"), std::string::npos);
}

TEST(Records, AResultThatHoldsNothingButDetailsKeepsTheWorst) {
  ResultRecord record;
  record.error = std::string(300'000, 'e');
  for (int i = 0; i < 500; ++i)
    record.result.details.push_back({.verdict = i == 499 ? Verdict::kFail : Verdict::kPass,
                                     .kind = DetailKind::kStuck,
                                     .message = std::string(2'000, 'x'),
                                     .cgroup = std::string(2'000, 'x'),
                                     .unit = std::string(2'000, 'x')});
  record.result.checked.assign(1'000, {std::string(100, 'c'), 1});
  fit_into_record(record, 64 << 10);
  EXPECT_LE(encode(record).size(), std::size_t{64} << 10);
  EXPECT_EQ(record.result.details.front().verdict, Verdict::kFail);
  EXPECT_EQ(record.result.details.back().kind, DetailKind::kLostEvidence);
  EXPECT_EQ(record.result.verdict(), Verdict::kFail);
}

TEST(Records, AreRefusedWhereTheyTakeMuchMoreMemoryThanTheirBytes) {
  // A set of all CPUs takes six bytes to write.
  constexpr std::uint32_t kLlcs = 2'000;
  ByteWriter out;
  out.text("");
  out.u32(kLlcs);
  for (std::uint32_t i = 0; i < kLlcs; ++i) {
    out.u32(i);
    out.u32(0);
    out.text("0-4095");
    out.u32(0);
  }
  out.u32(0);
  const ByteVector payload = out.take();
  EXPECT_LT(payload.size(), 64'000u);
  EXPECT_EQ(decode<TestTopology>(payload).error().code(), ErrorCode::kCorruptData);
}

TEST(Records, TakeListsOfCpusOnlyAsTheyAreWritten) {
  for (const char* list : {"", "0", "4095", "0-3", "0-3,5,7-8"}) EXPECT_TRUE(is_rising_list(list)) << list;
  for (const char* list : {",", "0,", "3-3", "3-2", "0-3,3", "5,4", "-1", "x", "0-3\n", "99999999999"})
    EXPECT_FALSE(is_rising_list(list)) << list;
}

TEST(Records, WeighMoreTheMoreTheyHold) {
  Bytes empty = 0, one = 0;
  ASSERT_TRUE(decode<WorkerReport>(encode(WorkerReport{}), &empty));
  WorkerReport record;
  record.exit = "killed";
  ASSERT_TRUE(decode<WorkerReport>(encode(record), &one));
  EXPECT_GE(empty, sizeof(WorkerReport));
  EXPECT_GT(one, empty);
}

TEST(Records, TopologiesSurviveTheTrip) {
  const auto topology =
      TestTopology::expected_for({.numa_nodes = 2, .llcs = 4, .cores_per_llc = 2, .threads_per_core = 2});
  EXPECT_TRUE(round_trip(topology).differences_from({2, 4, 2, 2}).empty());
  EXPECT_EQ(round_trip(topology).numa_distance(0, 1), TestTopology::kRemoteDistance);
}

TEST(Records, SmallOnesSurviveTheTrip) {
  EXPECT_EQ(round_trip(HelloRecord{"0.1", "7.3.4", "#1"}).kernel_release, "7.3.4");
  EXPECT_EQ(round_trip(PhaseRecord{Phase::kBody}).phase, Phase::kBody);
  EXPECT_EQ(round_trip(QuantumRecord{50000}).quantum_ns, 50000u);
  EXPECT_EQ(round_trip(SchedulerRecord{.kind = SchedulerRecord::Kind::kExited, .exit = "x"}).exit, "x");
  EXPECT_EQ(round_trip(LogRecord{LogRecord::Stream::kKernel, "line"}).text, "line");
  EXPECT_EQ(round_trip(StepMark{.kind = StepMark::Kind::kScenarioResume, .step = 2, .at_ns = 9}).step, 2);
  EXPECT_EQ(round_trip(StepMark{.kind = StepMark::Kind::kScenarioEnd}).kind, StepMark::Kind::kScenarioEnd);
  EXPECT_TRUE(round_trip(BodyEndRecord{.clean = true}).clean);
  const OutputRecord output{LogRecord::Stream::kKernel, 1, 2, 3, 4};
  EXPECT_EQ(encode(round_trip(output)), encode(output));
  EXPECT_EQ(round_trip(output).test_ns, 4u);
  const TracingRecord tracing{TracingRecord::Part::kFull, {1, 2}, "name", std::string("a\0b", 3)};
  EXPECT_EQ(encode(round_trip(tracing)), encode(tracing));
  EXPECT_EQ(round_trip(tracing).data.size(), 3u);
  EXPECT_EQ(round_trip(GuestErrorRecord{ErrorCode::kUnsupported, "m", "h"}).code, ErrorCode::kUnsupported);
}

TEST(Records, RefuseEveryTruncationAndTrailingBytes) {
  expect_only_the_whole(some_report());
  expect_only_the_whole(some_payload());
  expect_only_the_whole(Stimulus{1, 2, 3, 4, {"5"}, 6, 7, 8});
  expect_only_the_whole(some_result());
}

TEST(Records, TakeOfDamagedBytesOnlyWhatTheyCouldHaveWritten) {
  expect_damage_is_refused_or_canonical(some_payload());
  expect_damage_is_refused_or_canonical(Stimulus{1, 2, 3, 4, {"5"}, 6, 7, 8});
  expect_damage_is_refused_or_canonical(some_result());
}

TEST(Records, DoNotMakeRoomForACountThatIsTooLarge) {
  ByteVector payload = encode(PayloadReport{});
  // The metrics' count: after three texts (one of them "exit"), phase, pid, killed, exit_code and wall_time_ns.
  const std::size_t metrics = 3 * 4 + 4 + 4 + 1 + 4 + 8;
  for (std::size_t i = 0; i < 4; ++i) payload[metrics + i] = std::byte{0xff};
  EXPECT_EQ(decode<PayloadReport>(payload).error().code(), ErrorCode::kCorruptData);
}

TEST(Records, RefuseAnEnumBeyondItsEnd) {
  ByteWriter writer;
  writer.u32(static_cast<std::uint32_t>(Phase::kDone) + 1);
  EXPECT_EQ(decode<PhaseRecord>(writer.bytes()).error().code(), ErrorCode::kCorruptData);
  ByteVector mark = encode(StepMark{.kind = StepMark::Kind::kScenarioEnd});
  mark[0] = static_cast<std::byte>(static_cast<int>(StepMark::Kind::kScenarioEnd) + 1);
  EXPECT_EQ(decode<StepMark>(mark).error().code(), ErrorCode::kCorruptData);
  ResultRecord result;
  result.result.details.push_back({.kind = DetailKind::kNote});
  ByteVector bytes = encode(result);
  ASSERT_EQ(bytes[8], static_cast<std::byte>(DetailKind::kNote));  // after the count and the verdict
  bytes[8] = static_cast<std::byte>(static_cast<int>(DetailKind::kNote) + 1);
  EXPECT_EQ(decode<ResultRecord>(bytes).error().code(), ErrorCode::kCorruptData);
}

// Every field of every record with a value of its own. A hash that is another one now is another layout, for which
// mailbox::kVersion grows.
TEST(Records, AreEncodedAsThisVersionOfTheMailboxHasThem) {
  const auto hash = [](const auto& record) { return sha256(encode(record)).substr(0, 16); };
  WorkerReport worker;
  static_cast<WorkerNumbers&>(worker) = {4, 5, 7, 9, 11, 12, 14, {0, 1, 15}, 18, 19, "ext"};
  worker.cgroup = "cg";
  worker.step = 30;
  worker.index = 1;
  worker.spec = 2;
  worker.pid = 3;
  worker.started_ns = 6;
  worker.wall_time_ns = 8;
  worker.timeslices = 10;
  worker.max_gap_at_ns = 13;
  worker.cpus_outside = {16};
  worker.sleep_ns = 17;
  worker.wake_latencies.buckets = {{20, 21}};
  worker.responded = false;
  worker.exit = "exit";
  worker.gone = false;
  worker.held_ns = 22;
  worker.nice = -5;
  worker.role = "role";
  worker.missed = 23;
  worker.could_not = "fork";
  worker.latencies = {{.what = "request", .max_ns = 24, .times = {{{25, 26}}}}};
  worker.counts = {{"hits", 27}};
  worker.node_pages = {{28, 29}};
  CgroupStats stats;
  static_cast<WorkerNumbers&>(stats) = {7, 6, 15, 16, 13, 14, 8, {4, 5}, 17, 20, "fair"};
  stats.cgroup = "cg";
  stats.step = 1;
  stats.workers = 2;
  stats.cpuset = {3};
  stats.min_off_cpu_pct = 9.5;
  stats.max_off_cpu_pct = 10.5;
  stats.avg_off_cpu_pct = 11.5;
  stats.spread_pct = 12.5;
  stats.wake_p50_ns = 18;
  stats.wake_p99_ns = 19;
  stats.weight = 21;
  stats.share_pct = 22.5;
  stats.entitled_pct = 23.5;
  const Detail detail{.verdict = Verdict::kInconclusive,
                      .kind = DetailKind::kShare,
                      .message = "m",
                      .cgroup = "cg",
                      .worker = 1,
                      .step = 2,
                      .measured = 3.5,
                      .limit = 4.5,
                      .unit = "%"};
  PayloadReport payload = some_payload();
  payload.oom_killed = true;
  ResultRecord result{.error = "e", .code = ErrorCode::kBusy, .error_hint = "h"};
  result.result = {.details = {detail, {}},
                   .cgroups = {stats},
                   .payloads = {payload},
                   .captures = {{"tag", "cg", 1, {101, 102}}},
                   .checked = {{"gap", 1}, {"progress", 2}},
                   .skipped = true};
  const auto topology =
      TestTopology::expected_for({.numa_nodes = 2, .llcs = 4, .cores_per_llc = 2, .threads_per_core = 2});
  EXPECT_EQ(hash(HelloRecord{"1", "2", "3"}), "5be6c1972032e65c");
  EXPECT_EQ(hash(topology), "7644073a225d670f");
  EXPECT_EQ(hash(PhaseRecord{Phase::kTeardown}), "fb5e512425fc9449");
  EXPECT_EQ(hash(QuantumRecord{1}), "7c9fa136d4413fa6");
  EXPECT_EQ(hash(SchedulerRecord{SchedulerRecord::Kind::kChecked, 1, "2", "3", "4", 5, 6, "7"}), "fcd8fcbc82f295a3");
  EXPECT_EQ(hash(LogRecord{LogRecord::Stream::kBody, "1"}), "0aac679c589e15f9");
  EXPECT_EQ(hash(StepMark{StepMark::Kind::kStepEnd, 1, 2, 3, 4, "5", "6"}), "10833ca818b4cd32");
  EXPECT_EQ(hash(worker), "bbb41fe917c1d9a6");
  EXPECT_EQ(hash(result), "ffad6102cb6c4e86");
  EXPECT_EQ(hash(BodyEndRecord{true, false, "1"}), "6976363df88a42fa");
  EXPECT_EQ(hash(GuestErrorRecord{ErrorCode::kNoSpace, "1", "2"}), "cdb8e3db12b42919");
  EXPECT_EQ(hash(Stimulus{1, 2, 3, 4, {"5"}, 6, 7, 8}), "bb999405eda58217");
  EXPECT_EQ(hash(payload), "35daa8d353cd9ba8");
  EXPECT_EQ(hash(TaintRecord{1}), "7c9fa136d4413fa6");
  EXPECT_EQ(hash(OutputRecord{LogRecord::Stream::kKernel, 1, 2, 3, 4}), "034f087656905d6d");
  EXPECT_EQ(hash(MigratedRecord{1}), "7c9fa136d4413fa6");
}

TEST(Records, HaveANameForEachType) {
  EXPECT_EQ(to_string(RecordType::kStimulus), "stimulus");
  EXPECT_EQ(to_string(RecordType::kPayload), "payload");
  EXPECT_EQ(to_string(static_cast<RecordType>(0)), "unknown");
}

}  // namespace
}  // namespace ktstr
