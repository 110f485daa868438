// SPDX-License-Identifier: Apache-2.0
#include "assert/worker_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

// Two seconds, 88% of it on the CPU, 10 ms the longest gap.
WorkerReport healthy(int index, int group = 0) {
  WorkerReport report;
  report.cgroup = "cg_0";
  report.index = index;
  report.spec = group;
  report.work_units = 1000;
  report.iterations = 1000;
  report.wall_time_ns = 2'000'000'000;
  report.cpu_time_ns = 1'760'000'000;
  report.max_gap_ns = 10'000'000;
  report.max_gap_cpu = 0;
  return report;
}

AssertResult check(const std::vector<WorkerReport>& workers, const Checks& checks = {},
                   const std::vector<CpuSet>& cpusets = {CpuSet{0, 1}}) {
  return check_workers(checks, {3, "cg_0", cpusets, workers});
}

std::vector<DetailKind> kinds_of(const AssertResult& result) {
  std::vector<DetailKind> kinds;
  for (const Detail& detail : result.details) kinds.push_back(detail.kind);
  return kinds;
}

TEST(CheckWorkers, PassesHealthyWorkersAndSaysWhatItLookedAt) {
  const AssertResult result = check({healthy(0), healthy(1)});
  EXPECT_EQ(result.verdict(), Verdict::kPass);
  EXPECT_THAT(result.details, IsEmpty());
  EXPECT_THAT(result.checked,
              ElementsAre(Checked{"end: the 2 workers of cg_0", 3}, Checked{"died: the 2 workers of cg_0", 3},
                          Checked{"progress: the 2 workers of cg_0", 3},
                          Checked{"gap: the 2 workers of cg_0, limit 2000 ms", 3},
                          Checked{"spread: off-CPU shares of 2 equal workers of cg_0, limit 35%", 3},
                          Checked{"isolation: the 2 workers of cg_0 in cpuset 0-1", 3}));
}

TEST(CheckWorkers, ClaimsNothingAboutACgroupWithoutWorkers) {
  const AssertResult result = check({});
  EXPECT_THAT(result.checked, IsEmpty());
  EXPECT_EQ(result.verdict(), Verdict::kPass);
}

TEST(CheckWorkers, NamesWorkersOutsideOfTheCgroups) {
  WorkerReport idle = healthy(0);
  idle.cgroup = "";
  idle.work_units = 0;
  const AssertResult result = check_workers({}, {3, "", {}, {idle, healthy(1)}});
  EXPECT_THAT(result.checked, testing::Contains(Checked{"progress: the 2 workers outside of the cgroups", 3}));
  EXPECT_EQ(result.details.at(0).message, "worker 0 outside of the cgroups made no progress (0 work units) in 2.00 s");
}

TEST(CheckWorkers, FailsWorkersThatSigkillDoesNotEndWhateverTheLimitsAre) {
  std::vector<WorkerReport> workers = {healthy(0), healthy(1), healthy(2), healthy(3), healthy(4)};
  for (WorkerReport& worker : workers) {
    if (worker.index == 0) continue;
    worker.gone = worker.responded = false;
    worker.pid = 100 + worker.index;
    worker.max_gap_ns = 2'551'000'000;
    worker.max_gap_cpu = worker.index == 2 ? 0 : -1;
  }
  const AssertResult result =
      check(workers, {.progress = false, .isolation = false, .gap_off = true, .spread_off = true});
  ASSERT_THAT(kinds_of(result), ElementsAre(DetailKind::kStuck));
  EXPECT_EQ(result.details[0].message,
            "4 workers of cg_0 neither stopped nor ended after SIGKILL: worker 1 (pid 101) had been away for 2551 ms, "
            "worker 2 (pid 102), worker 3 (pid 103) had been away for 2551 ms and 1 more");
  EXPECT_EQ(result.verdict(), Verdict::kFail);
  EXPECT_THAT(kinds_of(check(workers)), ElementsAre(DetailKind::kStuck)) << "their gaps are said there";
}

TEST(CheckWorkers, JudgesHeldWorkersByTheTimeInWhichTheyCouldRun) {
  WorkerReport held = healthy(0), starved = healthy(1);
  held.held_ns = starved.held_ns = 1'000'000'000;
  held.cpu_time_ns = 900'000'000;     // off the CPU for a tenth of its time
  starved.cpu_time_ns = 300'000'000;  // for seven tenths
  const AssertResult result = check({held, starved});
  EXPECT_THAT(kinds_of(result), ElementsAre(DetailKind::kUnfair));
  EXPECT_THAT(result.checked,
              testing::Contains(Checked{"gap: the 2 workers of cg_0, without the time in which the scenario held "
                                        "them, limit 2000 ms",
                                        3}));
  EXPECT_THAT(kinds_of(check({held, held})), IsEmpty());
}

TEST(CheckWorkers, AsksNothingOfWorkersThatWereHeldAllTheTime) {
  WorkerReport held = healthy(0), slow = healthy(1);
  held.held_ns = slow.held_ns = 1'950'000'000;
  held.cpu_time_ns = 50'000'000;
  slow.cpu_time_ns = slow.work_units = 0;
  EXPECT_THAT(check({held, slow}).details, IsEmpty());
  slow.held_ns = 1'800'000'000;
  EXPECT_THAT(kinds_of(check({held, slow})), ElementsAre(DetailKind::kNoProgress));
}

TEST(CheckWorkers, SaysOfWhichCpusetsTheIsolationWas) {
  WorkerReport outside = healthy(0);
  outside.cpus_outside = {3};
  const AssertResult result = check({outside}, {}, {CpuSet{0}, CpuSet{1, 2}});
  EXPECT_THAT(result.checked, testing::Contains(Checked{"isolation: the 1 worker of cg_0 in cpuset 0, then 1-2", 3}));
  EXPECT_EQ(result.details.at(0).message, "worker 0 of cg_0 ran on CPU 3, outside its cpuset 0, then 1-2 at the time");
}

TEST(CheckWorkers, FailsAWorkerWithoutProgress) {
  WorkerReport idle = healthy(1);
  idle.work_units = 0;
  const AssertResult result = check({healthy(0), idle});
  EXPECT_EQ(result.verdict(), Verdict::kFail);
  ASSERT_THAT(kinds_of(result), ElementsAre(DetailKind::kNoProgress));
  const Detail& detail = result.details[0];
  EXPECT_EQ(detail.message, "worker 1 of cg_0 made no progress (0 work units) in 2.00 s");
  EXPECT_EQ(detail.cgroup, "cg_0");
  EXPECT_EQ(detail.worker, 1);
  EXPECT_EQ(detail.step, 3);
  EXPECT_THAT(check({healthy(0), idle}, {.progress = false}).details, IsEmpty());
}

TEST(CheckWorkers, FailsAGapAboveTheLimitAndNotOneAtIt) {
  WorkerReport stuck = healthy(1);
  stuck.max_gap_ns = 2'431'000'000;
  stuck.max_gap_cpu = 3;
  stuck.max_gap_at_ns = 2'900'000'000;
  const AssertResult result = check({healthy(0), stuck});
  ASSERT_THAT(kinds_of(result), ElementsAre(DetailKind::kStuck));
  EXPECT_EQ(result.details[0].message,
            "worker 1 of cg_0 did not run for 2431 ms (limit 2000 ms), until 2.9 s after its start, then on CPU 3");
  EXPECT_EQ(result.details[0].measured, 2431.0);
  EXPECT_EQ(result.details[0].limit, 2000.0);
  EXPECT_EQ(result.details[0].unit, "ms");
  EXPECT_THAT(check({stuck}, {.max_gap = 2431ms}).details, IsEmpty());
  EXPECT_THAT(kinds_of(check({stuck}, {.max_gap = 2430ms})), ElementsAre(DetailKind::kStuck));
  EXPECT_THAT(check({stuck}, {.gap_off = true}).details, IsEmpty());
}

TEST(CheckWorkers, SaysThatAGapIsStillOpen) {
  WorkerReport stuck = healthy(0);
  stuck.max_gap_ns = stuck.max_gap_at_ns = 4'000'000'000;
  stuck.max_gap_cpu = -1;
  stuck.responded = false;
  const AssertResult result = check({stuck});
  ASSERT_THAT(kinds_of(result), ElementsAre(DetailKind::kStuck, DetailKind::kNote));
  EXPECT_EQ(result.details[0].message,
            "worker 0 of cg_0 did not run for 4000 ms (limit 2000 ms), and still did not 4.0 s after its start");
}

TEST(CheckWorkers, OnlyNotesWorkersThatDidNotStopWithinTheLimit) {
  WorkerReport slow = healthy(0), other = healthy(2);
  slow.responded = other.responded = false;
  const AssertResult result = check({slow, healthy(1), other});
  EXPECT_THAT(kinds_of(result), ElementsAre(DetailKind::kNote));
  EXPECT_EQ(result.verdict(), Verdict::kPass);
  EXPECT_EQ(result.details[0].message,
            "workers 0,2 of cg_0 did not stop when told to and were killed; their numbers are the last they published");
  EXPECT_EQ(check({slow}).details.at(0).message,
            "worker 0 of cg_0 did not stop when told to and was killed; its numbers are the last it published");
}

TEST(CheckWorkers, DoesNotJudgeWaitingThatTheScenariosOwnQuotaCauses) {
  WorkerReport throttled = healthy(1);
  throttled.max_gap_ns = 3'999'000'000;
  throttled.work_units = 0;
  throttled.cpu_time_ns = 1'000'000;
  CgroupReports reports{.step = 1, .cgroup = "cg_0", .workers = {healthy(0), throttled}};
  EXPECT_EQ(check_workers({}, reports).verdict(), Verdict::kFail);
  reports.has_quota = true;
  EXPECT_EQ(check_workers({}, reports).verdict(), Verdict::kPass);
  reports.workers[1].gone = false;
  EXPECT_THAT(kinds_of(check_workers({}, reports)), ElementsAre(DetailKind::kStuck)) << "that it ends is judged";
}

TEST(CheckWorkers, FailsAnUnfairSpread) {
  WorkerReport starved = healthy(3);
  starved.cpu_time_ns = 772'000'000;
  const AssertResult result = check({healthy(0), healthy(1), starved});
  ASSERT_THAT(kinds_of(result), ElementsAre(DetailKind::kUnfair));
  EXPECT_EQ(result.details[0].message,
            "unfair: off-CPU share in cg_0 from 12.0% (worker 0) to 61.4% (worker 3), spread 49.4% (limit 35%)");
  EXPECT_EQ(result.details[0].worker, 3);
  EXPECT_NEAR(result.details[0].measured.value_or(0), 49.4, 1e-9);
  EXPECT_THAT(check({healthy(0), starved}, {.max_spread_pct = 50}).details, IsEmpty());
  EXPECT_THAT(check({healthy(0), starved}, {.spread_off = true}).details, IsEmpty());
}

TEST(CheckWorkers, ComparesOnlyEqualWorkers) {
  WorkerReport other_kind = healthy(1, 1);
  other_kind.cpu_time_ns = 100'000'000;
  EXPECT_THAT(check({healthy(0, 0), other_kind}).details, IsEmpty());
  WorkerReport same_kind = other_kind;
  same_kind.spec = 0;
  EXPECT_THAT(kinds_of(check({healthy(0, 0), same_kind})), ElementsAre(DetailKind::kUnfair));
}

TEST(CheckWorkers, FailsAWorkerOutsideItsCpuset) {
  WorkerReport outside = healthy(0);
  outside.cpus_outside = {3};
  const AssertResult result = check({outside, healthy(1)});
  ASSERT_THAT(kinds_of(result), ElementsAre(DetailKind::kIsolation));
  EXPECT_EQ(result.details[0].message, "worker 0 of cg_0 ran on CPU 3, outside its cpuset 0-1");
  outside.cpus_outside = {3, 4, 6};
  EXPECT_EQ(check({outside}).details.at(0).message, "worker 0 of cg_0 ran on CPUs 3-4,6, outside its cpuset 0-1");
  EXPECT_THAT(check({outside}, {.isolation = false}).details, IsEmpty());
}

TEST(CheckWorkers, DoesNotClaimIsolationWhereThereIsNoCpuset) {
  const AssertResult result = check({healthy(0)}, {}, {});
  for (const Checked& line : result.checked) EXPECT_FALSE(line.text.starts_with("isolation")) << line.text;
}

TEST(CheckWorkers, ReportsADeathOnceAndComparesTheOthers) {
  WorkerReport dead = healthy(1);
  dead.exit = "killed by signal 11 (SIGSEGV)";
  dead.wall_time_ns = 250'000'000;
  dead.work_units = 0;
  dead.cpu_time_ns = 0;
  const AssertResult result = check({healthy(0), dead, healthy(2)});
  ASSERT_THAT(kinds_of(result), ElementsAre(DetailKind::kWorkerDied));
  EXPECT_EQ(result.details[0].message, "worker 1 of cg_0 died 0.25 s after its start: killed by signal 11 (SIGSEGV)");
}

// 100 to a CPU, and 0.3 s: in that time not everybody has had a turn of any scheduler.
TEST(CheckWorkers, AllowsForACrowd) {
  WorkerReport waiting = healthy(0), other = healthy(1);
  for (WorkerReport* each : {&waiting, &other}) each->wall_time_ns = 300'000'000;
  waiting.work_units = 0;
  waiting.cpu_time_ns = 0;
  const auto in_crowd = [&](double crowding, const Checks& checks = {}) {
    return check_workers(checks, {.step = 1, .cgroup = "cg_0", .workers = {waiting, other}, .crowding = crowding});
  };
  EXPECT_THAT(kinds_of(in_crowd(1)), ElementsAre(DetailKind::kNoProgress, DetailKind::kUnfair));
  const AssertResult crowded = in_crowd(100);
  EXPECT_EQ(crowded.verdict(), Verdict::kPass);
  ASSERT_THAT(kinds_of(crowded), ElementsAre(DetailKind::kNote));
  EXPECT_EQ(crowded.details[0].message,
            "worker 0 of cg_0 did no work, which is not judged: it had less than the 4000 ms "
            "of two turns of all that share a CPU");
  EXPECT_THAT(crowded.checked,
              testing::IsSupersetOf(
                  {Checked{"progress: the 2 workers of cg_0, without 2 that had less than 4000 ms, two turns of all "
                           "that share a CPU",
                           1},
                   Checked{"gap: the 2 workers of cg_0, limit 4000 ms", 1},
                   Checked{"spread: not of 2 equal workers of cg_0, which share CPUs and had less than 1 s", 1}}));
  // With time enough they are judged in a crowd too, and gaps by a limit that the test itself sets.
  waiting.wall_time_ns = other.wall_time_ns = 5'000'000'000;
  waiting.max_gap_ns = 4'900'000'000;
  EXPECT_THAT(kinds_of(in_crowd(100)), ElementsAre(DetailKind::kNoProgress, DetailKind::kStuck, DetailKind::kUnfair));
  waiting.max_gap_ns = 2'500'000'000;
  EXPECT_THAT(kinds_of(in_crowd(100)), ElementsAre(DetailKind::kNoProgress, DetailKind::kUnfair));
  EXPECT_THAT(kinds_of(in_crowd(100, {.max_gap = 2s})),
              ElementsAre(DetailKind::kNoProgress, DetailKind::kStuck, DetailKind::kUnfair));
}

}  // namespace
}  // namespace ktstr
