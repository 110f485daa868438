// SPDX-License-Identifier: Apache-2.0
#include "trace/story/last_calls.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "trace/testing/made_trace.h"

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LastCallsTest : public MadeTrace {
 protected:
  LastCallsTest() {
    at(0, trace::ProbePlaced{.number = 0, .what = trace_text_of<14>("enqueue(p:pid)")});
    at(0, trace::ProbePlaced{.number = 1, .what = trace_text_of<14>("enqueue -> ret")});
    at(0, trace::ProbePlaced{.number = 2, .what = trace_text_of<14>("dispatch(cpu:n)")});
    at(0, trace::ProbePlaced{.number = 3, .what = trace_text_of<14>("dispatch -> ret")});
    fork(1, 7, "victim");
    fork(1, 50, "hog");
  }
  void call(std::uint64_t ms, std::uint32_t number, std::uint64_t value, std::uint16_t cpu = 0) {
    at(ms, trace::Probe{.number = number, .count = 1, .values = {value}}, cpu);
  }
  void end(std::uint64_t ms, std::uint32_t number, std::uint16_t cpu = 0) {
    at(ms, trace::Probe{.number = number, .count = 0, .text = trace::Probe::kEnds}, cpu);
  }
  LastCalls find(const AskedCalls& asked) {
    TraceReader trace = reader();
    auto found = last_calls(trace, asked);
    EXPECT_TRUE(found);
    return found ? *found : LastCalls{};
  }
  static std::vector<std::string> lines(const CallsOf& calls) {
    std::vector<std::string> all;
    for (const CallLine& line : calls.lines)
      all.push_back(fmt::format("{} {:{}}{}{}{}", line.at_ns / kMs, "", 2 * line.depth, line.words,
                                line.took_ns ? fmt::format(" ({})", *line.took_ns / kMs) : "",
                                line.is_open ? " ..." : ""));
    return all;
  }
};

TEST_F(LastCallsTest, PutTogetherWhatBelongsTogether) {
  wake(2, 7);
  call(3, 0, 7);
  at(4, trace::DsqInsert{.pid = 7, .dsq = 5, .slice = 1'000'000});
  end(5, 1);
  run(6, 50, 1);
  call(7, 2, 1, 1);
  at(8, trace::DsqMoveToLocal{.dsq = 5}, 1);
  at(9, trace::SchedulerExit{.reason = 1024}, 1);
  call(10, 0, 7);
  const LastCalls found = find({.pids = {7, 50}});
  EXPECT_EQ(found.end_ns, 9 * kMs);
  EXPECT_EQ(found.exit_cpu, 1);
  EXPECT_EQ(found.exit_pid, 50);
  ASSERT_EQ(found.tasks.size(), 2u);
  EXPECT_EQ(found.tasks[0].task, "victim[7]");
  EXPECT_EQ(found.tasks[0].calls, 1u);
  EXPECT_THAT(lines(found.tasks[0]),
              ElementsAre("1 victim[7] is made by <idle>", "2 victim[7] is woken, onto the queue of CPU 0 (class ext)",
                          "3 enqueue(p victim[7]) (2)",
                          "4   victim[7] goes into the scheduler's queue 0x5, with a slice of 1.0 ms"));
  EXPECT_EQ(found.tasks[1].calls, 0u);
  EXPECT_THAT(lines(found.at_exit),
              ElementsAre("7 dispatch(cpu 1) ...", "8   CPU 1 looks into the scheduler's queue 0x5"));
}

TEST_F(LastCallsTest, ATaskGoesOnWithItsCallOnAnotherCpu) {
  run(2, 7, 0);
  call(3, 0, 7, 0);
  run(4, 50, 0, 7);
  call(5, 2, 0, 0);
  end(6, 3, 0);
  run(7, 7, 1);
  end(8, 1, 1);
  const LastCalls found = find({.pids = {7}});
  EXPECT_FALSE(found.exit_cpu);
  EXPECT_THAT(lines(found.tasks[0]), testing::IsSupersetOf({std::string("3 enqueue(p victim[7]) (5)"),
                                                            std::string("7 victim[7] runs on CPU 1")}));
  EXPECT_THAT(lines(found.tasks[0]), testing::Not(testing::Contains(testing::HasSubstr("dispatch"))));
}

TEST_F(LastCallsTest, AreTheLastAndNoMore) {
  for (std::uint64_t ms = 2; ms < 200; ms += 2) {
    call(ms, 0, 7);
    end(ms + 1, 1);
  }
  const LastCalls found = find({.pids = {7}, .most = 3});
  EXPECT_EQ(found.tasks[0].calls, 99u);
  EXPECT_THAT(lines(found.tasks[0]), ElementsAre("194 enqueue(p victim[7]) (1)", "196 enqueue(p victim[7]) (1)",
                                                 "198 enqueue(p victim[7]) (1)"));
}

TEST_F(LastCallsTest, WhatEndsWithoutABeginningIsNothing) {
  end(2, 1);
  for (int i = 0; i < 200; ++i) call(3, 0, 7);  // each within the one before
  const LastCalls found = find({.pids = {7, 4711}});
  EXPECT_LE(found.tasks[0].lines.size(), 200u);
  EXPECT_THAT(found.tasks[1].lines, IsEmpty());
  // An end of a scheduler before the test does not count, and one that is no error neither.
  at(4, trace::SchedulerExit{.reason = 1024});
  at(5, trace::SchedulerExit{.reason = 64});
  EXPECT_FALSE(find({.pids = {}, .from_ns = 5 * kMs}).exit_cpu);
}

}  // namespace
}  // namespace ktstr
