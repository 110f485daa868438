// SPDX-License-Identifier: Apache-2.0
#include "assert/share_check.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr std::uint64_t kSecond = 1'000'000'000;

ShareClient client(const std::string& cgroup, int workers, double cpu_seconds_each) {
  ShareClient made{.cgroup = cgroup, .cpuset = {}, .wanted = {}, .why_undefined = "", .workers = {}};
  for (int i = 0; i < workers; ++i) {
    WorkerReport worker;
    worker.cgroup = cgroup;
    worker.index = i;
    worker.started_ns = 5 * kSecond;
    worker.wall_time_ns = kSecond;
    worker.cpu_time_ns = static_cast<std::uint64_t>(cpu_seconds_each * 1e9);
    worker.sched_class = "ext";
    made.workers.push_back(worker);
  }
  return made;
}

// Two CPUs, weights 100 to 300, six workers each: entitled to 25% and 75%.
ShareWindow window(double low_pct) {
  ShareWindow made{.step = 1, .cpus = 2};
  made.clients = {client("low", 6, 2 * low_pct / 100 / 6), client("high", 6, 2 * (100 - low_pct) / 100 / 6)};
  made.weights = {{"low", 100, {}}, {"high", 300, {}}};
  return made;
}

AssertResult judged(const ShareWindow& window, const Checks& checks) {
  AssertResult result;
  for (const ShareClient& each : window.clients) {
    result.cgroups.emplace_back();
    result.cgroups.back().cgroup = each.cgroup;
    result.cgroups.back().step = window.step;
  }
  judge_shares(window, checks, result);
  return result;
}

const Checks kOn{.share = true};

TEST(JudgeShares, PassesSharesThatFollowTheWeights) {
  const AssertResult result = judged(window(26), kOn);
  EXPECT_EQ(result.verdict(), Verdict::kPass);
  ASSERT_EQ(result.checked.size(), 1u);
  EXPECT_THAT(result.checked[0].text, HasSubstr("share: CPU time of low, high by weight, limit 12.3 points"));
  EXPECT_EQ(result.checked[0].step, 1);
  EXPECT_NEAR(result.cgroups[0].share_pct, 26, 1e-6);
  EXPECT_NEAR(result.cgroups[0].entitled_pct, 25, 1e-9);
  EXPECT_EQ(result.cgroups[1].weight, 300);
}

TEST(JudgeShares, FailsEachCgroupWhoseShareDoesNot) {
  const AssertResult result = judged(window(50), kOn);
  ASSERT_EQ(result.details.size(), 2u);
  const Detail& low = result.details[0];
  EXPECT_EQ(low.verdict, Verdict::kFail);
  EXPECT_EQ(low.kind, DetailKind::kShare);
  EXPECT_EQ(low.cgroup, "low");
  EXPECT_DOUBLE_EQ(*low.measured, 50);
  EXPECT_NEAR(*low.limit, 25, 1e-9);
  EXPECT_EQ(low.message,
            "low got 50.0% of the CPU time, entitled to 25.0% (cpu.weight 100): more than 12.3 points apart");
}

TEST(JudgeShares, OnlyNotesThatWeightsAreNotFollowedWhereNobodyAsked) {
  const AssertResult result = judged(window(50), {});
  ASSERT_EQ(result.details.size(), 1u);
  EXPECT_EQ(result.details[0].kind, DetailKind::kNote);
  EXPECT_EQ(result.verdict(), Verdict::kPass);
  EXPECT_THAT(result.details[0].message, HasSubstr("high got 50.0% of the CPU time, entitled to 75.0%"));
  EXPECT_TRUE(judged(window(25), {}).details.empty());
}

TEST(JudgeShares, SayNothingOfEqualWeightsWhereNobodyAsked) {
  ShareWindow equal = window(30);
  equal.weights = {{"low", 100, {}}, {"high", 100, {}}};
  EXPECT_TRUE(judged(equal, {}).details.empty());
  EXPECT_EQ(judged(equal, kOn).verdict(), Verdict::kFail);
}

TEST(JudgeShares, ADefinitionAsksOrDeclinesForItself) {
  ShareWindow one = window(50);
  one.clients[1].wanted = true;
  const AssertResult asked = judged(one, {});
  ASSERT_EQ(asked.details.size(), 1u);
  EXPECT_EQ(asked.details[0].cgroup, "high");
  one.clients[1].wanted = false;
  const AssertResult declined = judged(one, kOn);
  ASSERT_EQ(declined.details.size(), 1u);
  EXPECT_EQ(declined.details[0].cgroup, "low");
}

TEST(JudgeShares, TakeAToleranceThatIsGiven) {
  Checks tight = kOn;
  tight.share_tolerance_pct = 0.5;
  EXPECT_EQ(judged(window(26), tight).verdict(), Verdict::kFail);
  tight.share_tolerance_pct = 30;
  EXPECT_EQ(judged(window(50), tight).verdict(), Verdict::kPass);
}

TEST(ImpliedShareTolerance, ShrinksWithTheWindowAndWorkersAndGrowsWithLevels) {
  EXPECT_DOUBLE_EQ(implied_share_tolerance(milliseconds(1000), 1, 4, 1), 4);
  EXPECT_DOUBLE_EQ(implied_share_tolerance(milliseconds(3000), 1, 4, 1), 2);
  EXPECT_DOUBLE_EQ(implied_share_tolerance(milliseconds(1000), 4, 20, 2), 17);
}

struct Undefined {
  const char* why;
  void (*change)(ShareWindow&);
};

class UndefinedShares : public ::testing::TestWithParam<Undefined> {};

TEST_P(UndefinedShares, AreInconclusiveWhenAskedForAndSilentOtherwise) {
  ShareWindow window_of_test = window(50);
  GetParam().change(window_of_test);
  const AssertResult asked = judged(window_of_test, kOn);
  ASSERT_EQ(asked.details.size(), 1u);
  EXPECT_EQ(asked.verdict(), Verdict::kInconclusive);
  EXPECT_EQ(asked.details[0].kind, DetailKind::kShare);
  EXPECT_THAT(asked.details[0].message, HasSubstr(GetParam().why));
  EXPECT_TRUE(judged(window_of_test, {}).details.empty());
}

INSTANTIATE_TEST_SUITE_P(
    JudgeShares, UndefinedShares,
    ::testing::Values(
        Undefined{"the scheduler ended", [](ShareWindow& w) { w.why_undefined = "the scheduler ended"; }},
        Undefined{"Bursty workers of low", [](ShareWindow& w) { w.clients[0].why_undefined = "Bursty workers"; }},
        // A scheduler that ignores them would pass.
        Undefined{"the weights make 2.4 points", [](ShareWindow& w) { w.weights[1].weight = 110; }},
        Undefined{"different cpusets", [](ShareWindow& w) { w.clients[0].cpuset = CpuSet{0}; }},
        Undefined{"do not fill 16 CPUs", [](ShareWindow& w) { w.cpus = 16; }},
        Undefined{"one scheduling class", [](ShareWindow& w) { w.clients[0].workers[1].sched_class = "fair"; }},
        Undefined{"worker 2 of high died", [](ShareWindow& w) { w.clients[1].workers[2].exit = "killed"; }},
        Undefined{"did not start together", [](ShareWindow& w) { w.clients[1].workers[2].started_ns += kSecond / 4; }},
        Undefined{"no two cgroups", [](ShareWindow& w) { w.clients.pop_back(); }},
        Undefined{"outside of the cgroups", [](ShareWindow& w) { w.clients[0].cgroup = ""; }},
        Undefined{"0.10 s are too short for them", [](ShareWindow& w) {
                    for (ShareClient& each : w.clients)
                      for (WorkerReport& worker : each.workers) worker.wall_time_ns /= 10;
                  }}));

}  // namespace
}  // namespace ktstr
