// SPDX-License-Identifier: Apache-2.0
#include "trace/story/lead_up.h"

#include <gmock/gmock.h>

#include "trace/story/look.h"
#include "trace/testing/made_trace.h"

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class LeadUpTest : public MadeTrace {
 protected:
  LeadUp find(std::uint64_t from_ms, std::uint64_t to_ms, int cpu = -1) {
    TraceReader trace = reader();
    const auto look =
        look_at(trace, {7, {0, 1}, cpu, from_ms * kMs, to_ms * kMs}, {.from_ns = from_ms * kMs, .to_ns = to_ms * kMs});
    EXPECT_TRUE(look);
    return look ? look->lead_up : LeadUp{};
  }
  static std::vector<std::string> lines(const LeadUp& found) {
    std::vector<std::string> all;
    for (const LeadUpEvent& event : found.events)
      all.push_back(fmt::format("{}{} {}", event.skipped ? "... " : "", event.at_ns / kMs, event.words));
    return all;
  }
  void starve() {
    fork(1, 50, "hog");
    fork(2, 7, "victim");
    wake(2, 7);
    run(3, 7, 1);
    run(5, 50, 0);
    sleep(8, 7, 1);
    wake(10, 7);
    at(10, trace::DsqInsert{.pid = 7, .dsq = 5, .slice = 1'000'000});
    at(60, trace::Tick{}, 0);
  }
};

TEST_F(LeadUpTest, OfATaskThatIsNotRunAgain) {
  starve();
  const LeadUp found = find(10, 60);
  ASSERT_TRUE(found.last_ran);
  EXPECT_EQ(found.last_ran->task, "victim[7]");
  EXPECT_EQ(found.last_ran->cpu, 1);
  EXPECT_EQ(found.last_ran->from_ns, 3 * kMs);
  EXPECT_EQ(found.last_ran->to_ns, 8 * kMs);
  ASSERT_TRUE(found.last_touch);
  EXPECT_EQ(found.last_touch->at_ns, 10 * kMs);
  EXPECT_THAT(found.last_touch->words, HasSubstr("goes into the scheduler's queue 0x5"));
  EXPECT_FALSE(found.ran_again);
  EXPECT_FALSE(found.cpu_ran);
  EXPECT_THAT(lines(found),
              ElementsAre("2 victim[7] is made by <idle>", "2 victim[7] is woken, onto the queue of CPU 0 (class ext)",
                          "3 victim[7] runs on CPU 1", "5 hog[50] runs on CPU 0", "8 CPU 1 goes idle; victim[7] sleeps",
                          "10 victim[7] is woken, onto the queue of CPU 0 (class ext)",
                          "10 victim[7] goes into the scheduler's queue 0x5, with a slice of 1.0 ms"));
}

TEST_F(LeadUpTest, OfAnIdleCpuSaysWhatItRanLast) {
  starve();
  const LeadUp found = find(10, 60, 1);
  ASSERT_TRUE(found.cpu_ran);
  EXPECT_EQ(found.cpu_ran->task, "victim[7]");
  EXPECT_EQ(found.cpu_ran->to_ns, 8 * kMs);
}

TEST_F(LeadUpTest, WhatComesAfterItRanAgainDoesNotCount) {
  starve();
  events_.pop_back();
  run(20, 7, 1);
  run(22, 0, 1, 7);
  wake(23, 7);
  at(60, trace::Tick{}, 0);
  const LeadUp found = find(10, 60);
  EXPECT_TRUE(found.ran_again);
  EXPECT_EQ(found.last_touch->at_ns, 10 * kMs);
  EXPECT_EQ(found.last_ran->to_ns, 8 * kMs) << "before the stretch";
}

TEST_F(LeadUpTest, IsShortAndSaysWhereSomethingIsLeftOut) {
  fork(1, 50, "a");
  fork(1, 51, "b");
  fork(2, 7, "victim");
  wake(2, 7);
  run(3, 7, 1);
  run(3, 50, 0);
  for (std::uint64_t ms = 4; ms < 40; ++ms) {
    const bool even = ms % 2 == 0;
    run(ms, even ? 51 : 50, 0, even ? 50 : 51);
  }
  const LeadUp found = find(20, 38);
  EXPECT_LE(found.events.size(), 12u);
  EXPECT_THAT(lines(found), testing::Contains("... 17 a[50] runs on CPU 0; b[51] has to leave it"));
}

TEST_F(LeadUpTest, HasTheQuotaOfItsCgroupAndOfThoseAbove) {
  at(0, trace::CgroupSeen{.cgroup = 8});
  at(0, trace::CgroupSeen{.cgroup = 9, .parent = 8, .name = trace_text_of<4>("limited")});
  fork(2, 7, "victim");
  wake(2, 7);
  run(3, 7, 1);
  at(5, trace::Throttle{.cgroup = 9, .cpu = 0}, 0);
  at(6, trace::Throttle{.cgroup = 9, .cpu = 1}, 1);
  at(6, trace::Throttle{.cgroup = 33, .cpu = 1}, 1);
  EXPECT_THAT(lines(find(7, 9)),
              ElementsAre("2 victim[7] is made by <idle>", "2 victim[7] is woken, onto the queue of CPU 0 (class ext)",
                          "3 victim[7] runs on CPU 1", "6 /limited has used up its quota on CPU 1"));
}

TEST_F(LeadUpTest, OfNothing) {
  const LeadUp found = find(10, 60, 1);
  EXPECT_FALSE(found.last_ran || found.last_touch || found.cpu_ran);
  EXPECT_TRUE(found.events.empty());
}

}  // namespace
}  // namespace ktstr
