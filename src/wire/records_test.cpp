// SPDX-License-Identifier: Apache-2.0
#include "wire/records.h"

#include <gtest/gtest.h>

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
  report.index = 3;
  report.work_units = 1234567;
  report.max_gap_cpu = -1;
  report.cpus_used = CpuSet{0, 1, 5};
  report.wake_latencies_ns = {1, 2, 3};
  report.responded = false;
  report.exit = "killed by signal 9 (SIGKILL)";
  return report;
}

TEST(Records, WorkerReportsSurviveTheTrip) {
  const auto record = round_trip(WorkerRecord{2, some_report()});
  EXPECT_EQ(record.phase, 2);
  EXPECT_EQ(record.report.cgroup, "cg_0");
  EXPECT_EQ(record.report.index, 3);
  EXPECT_EQ(record.report.work_units, 1234567u);
  EXPECT_EQ(record.report.max_gap_cpu, -1);
  EXPECT_EQ(record.report.cpus_used, (CpuSet{0, 1, 5}));
  EXPECT_EQ(record.report.wake_latencies_ns, (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_FALSE(record.report.responded);
}

TEST(Records, ResultsSurviveTheTrip) {
  ResultRecord record;
  record.result.details.push_back({.verdict = Verdict::kFail,
                                   .kind = DetailKind::kStuck,
                                   .message = "worker 1 of cg_0 did not run",
                                   .cgroup = "cg_0",
                                   .worker = 1,
                                   .phase = 1,
                                   .measured = 2431.0,
                                   .limit = 2000.0,
                                   .unit = "ms"});
  record.result.cgroups.push_back({.cgroup = "cg_0", .workers = 2, .spread_pct = 12.5});
  record.result.checked = {"progress"};
  const auto back = round_trip(record);
  ASSERT_EQ(back.result.details.size(), 1u);
  EXPECT_EQ(back.result.details[0].kind, DetailKind::kStuck);
  EXPECT_EQ(back.result.details[0].limit, 2000.0);
  EXPECT_EQ(back.result.cgroups.at(0).spread_pct, 12.5);
  EXPECT_EQ(back.result.checked.at(0), "progress");
}

TEST(Records, TopologiesSurviveTheTrip) {
  const auto topology = TestTopology::expected_for({.numa_nodes = 2, .llcs = 4, .cores_per_llc = 2, .threads_per_core = 2});
  EXPECT_TRUE(round_trip(topology).differences_from({2, 4, 2, 2}).empty());
}

TEST(Records, SmallOnesSurviveTheTrip) {
  EXPECT_EQ(round_trip(HelloRecord{"0.1", "7.3.4", "#1"}).kernel_release, "7.3.4");
  EXPECT_EQ(round_trip(PhaseRecord{Phase::kBody}).phase, Phase::kBody);
  EXPECT_EQ(round_trip(QuantumRecord{50000}).quantum_ns, 50000u);
  EXPECT_EQ(round_trip(SchedulerRecord{.kind = SchedulerRecord::Kind::kExited, .exit = "x"}).exit, "x");
  EXPECT_EQ(round_trip(LogRecord{LogRecord::Stream::kKernel, "line"}).text, "line");
  EXPECT_EQ(round_trip(StepMark{.kind = StepMark::Kind::kHoldStart, .step = 2, .at_ns = 9}).step, 2);
  EXPECT_TRUE(round_trip(BodyEndRecord{.clean = true}).clean);
  EXPECT_EQ(round_trip(GuestErrorRecord{ErrorCode::kUnsupported, "m", "h"}).code, ErrorCode::kUnsupported);
}

TEST(Records, RefuseEveryTruncationAndTrailingBytes) {
  const ByteVector whole = encode(WorkerRecord{2, some_report()});
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(decode<WorkerRecord>(ByteSpan(whole).first(length))) << length;
  ByteVector longer = whole;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(decode<WorkerRecord>(longer));
}

TEST(Records, RefuseAnEnumBeyondItsEnd) {
  ByteWriter writer;
  writer.u32(static_cast<std::uint32_t>(Phase::kDone) + 1);
  EXPECT_EQ(decode<PhaseRecord>(writer.bytes()).error().code(), ErrorCode::kCorruptData);
}

}  // namespace
}  // namespace ktstr
