// SPDX-License-Identifier: Apache-2.0
#include "report/page/timeline_data.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "trace/accounts.h"
#include "trace/testing/made_trace.h"

namespace ktstr {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TimelineDataTest : public MadeTrace {
 protected:
  void make(const TimelineLimits& limits = {}) {
    TraceReader trace = reader();
    auto made = timeline_data(trace, limits);
    ASSERT_TRUE(made) << made.error().render();
    columns_ = made->columns;
    head_ = json::parse(made->head);
  }
  // As script/model.js reads it.
  std::vector<std::uint64_t> column(const char* stream, const char* name) const {
    const json place = head_["columns"][stream][name];
    std::vector<std::uint64_t> values;
    const std::string bytes = columns_.substr(place[0].get<std::size_t>(), place[1].get<std::size_t>());
    std::uint64_t value = 0;
    int shift = 0;
    for (const char c : bytes) {
      const auto byte = static_cast<unsigned char>(c);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      shift += 7;
      if ((byte & 0x80) != 0) continue;
      values.push_back(value);
      value = 0;
      shift = 0;
    }
    return values;
  }
  std::string columns_;
  json head_;
};

TEST_F(TimelineDataTest, HasATransitionForEachChangeOfATask) {
  fork(1, 7, "load/0");
  wake(2, 7, SchedClass::kExt, 1);
  run(5, 7, 1);
  sleep(9, 7, 1);
  make();
  EXPECT_EQ(head_["cpus"], 2);
  EXPECT_EQ(head_["from_ns"], "0");
  EXPECT_EQ(head_["to_ns"], "9000000");
  ASSERT_EQ(head_["tasks"].size(), 1U);
  EXPECT_EQ(head_["tasks"][0]["comm"], "load/0");
  const auto what = column("phase", "what");
  ASSERT_GE(what.size(), 3U);
  std::vector<std::uint64_t> phases;
  for (const std::uint64_t bits : what) phases.push_back(bits & 7);
  EXPECT_THAT(std::vector(phases.end() - 3, phases.end()),
              ElementsAre(std::uint64_t{2}, std::uint64_t{3}, std::uint64_t{1}));  // waits, runs, sleeps
  std::uint64_t last = 0;
  for (const std::uint64_t dt : column("phase", "dt")) last += dt;
  EXPECT_EQ(last, 9 * kMs);
  EXPECT_EQ(head_["cut"], "");
}

// The sums of the columns are those of the accounts, which the recorder's tests compare with the kernel's own.
TEST_F(TimelineDataTest, SumsToTheAccounts) {
  for (std::int32_t pid = 10; pid < 14; ++pid) fork(1, pid, "load");
  std::uint64_t ms = 2;
  for (int round = 0; round < 50; ++round)
    for (std::int32_t pid = 10; pid < 14; ++pid, ms += 3) {
      wake(ms, pid, SchedClass::kExt, static_cast<std::uint32_t>(pid % 2));
      run(ms + 1, pid, static_cast<std::uint16_t>(pid % 2));
      sleep(ms + 2, pid, static_cast<std::uint16_t>(pid % 2));
    }
  make();
  std::map<std::uint64_t, std::array<std::uint64_t, 5>> spent;  // by task and phase
  std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> last;
  const auto dt = column("phase", "dt"), task = column("phase", "task"), what = column("phase", "what");
  ASSERT_EQ(dt.size(), task.size());
  ASSERT_EQ(dt.size(), what.size());
  std::uint64_t now = 0;
  for (std::size_t i = 0; i < dt.size(); ++i) {
    now += dt[i];
    auto& [phase, since] = last[task[i]];
    spent[task[i]].at(phase) += now - since;
    phase = what[i] & 7;
    since = now;
  }
  TraceReader trace = reader();
  const auto accounts = account(trace);
  ASSERT_TRUE(accounts);
  ASSERT_EQ(accounts->tasks.size(), 4U);
  for (const TaskAccount& one : accounts->tasks)
    for (std::size_t k = 0; k < head_["tasks"].size(); ++k)
      if (head_["tasks"][k]["pid"] == one.pid) {
        EXPECT_EQ(spent[k][3], one.ran_ns);
        EXPECT_EQ(spent[k][2], one.waited_ns);
      }
}

TEST_F(TimelineDataTest, SaysWhereItIsCut) {
  fork(1, 7, "load/0");
  for (std::uint64_t ms = 2; ms < 100; ms += 3) {
    wake(ms, 7);
    run(ms + 1, 7, 0);
    sleep(ms + 2, 7, 0);
  }
  make({.entries = 20});
  EXPECT_THAT(head_["cut"].get<std::string>(), HasSubstr("first 20 entries"));
  EXPECT_LT(std::stoull(head_["to_ns"].get<std::string>()), 50 * kMs);
}

TEST_F(TimelineDataTest, NamesQueuesAsTheStoryDoes) {
  fork(1, 7, "load/0");
  at(2, trace::DsqInsert{.pid = 7, .dsq = kLocalDsq}, 1);
  at(3, trace::DsqInsert{.pid = 7, .dsq = 5}, 0);
  make();
  EXPECT_EQ(head_["queues"], json({"the local queue of CPU 1", "the scheduler's queue 0x5"}));
  EXPECT_THAT(column("queue", "queue"), ElementsAre(std::uint64_t{0}, std::uint64_t{1}));
}

TEST_F(TimelineDataTest, KnowsWhatIsOffAndThrottled) {
  at(1, trace::CpuOffline{.cpu = 1});
  at(2, trace::Throttle{.cgroup = 9, .cpu = 0});
  at(3, trace::Unthrottle{.cgroup = 9, .cpu = 0});
  at(4, trace::CpuOnline{.cpu = 1});
  make();
  EXPECT_THAT(column("online", "begins"), ElementsAre(std::uint64_t{0}, std::uint64_t{1}));
  EXPECT_THAT(column("quota", "begins"), ElementsAre(std::uint64_t{1}, std::uint64_t{0}));
}

}  // namespace
}  // namespace ktstr
