// SPDX-License-Identifier: Apache-2.0
#include "trace/story/timeline.h"

#include "trace/story/look.h"
#include "trace/testing/made_trace.h"

namespace ktstr {
namespace {

class TimelineTest : public MadeTrace {
 protected:
  // A column a millisecond.
  Timeline paint(std::uint64_t from_ms, std::uint64_t to_ms, std::int32_t pid = 7) {
    TraceReader trace = reader();
    const auto look = look_at(
        trace, {.from_ns = from_ms * kMs, .to_ns = to_ms * kMs},
        {.pid = pid, .cpus = {0, 1}, .from_ns = from_ms * kMs, .to_ns = to_ms * kMs, .columns = to_ms - from_ms});
    EXPECT_TRUE(look);
    return look ? look->timeline : Timeline{};
  }
};

TEST_F(TimelineTest, HasARowACpuAndOneOfTheTask) {
  fork(1, 50, "hog");
  run(2, 50, 0);
  fork(10, 7, "victim");
  wake(10, 7);
  run(14, 7, 0, 50);
  sleep(17, 7, 0);
  at(100, trace::Tick{});
  const Timeline seen = paint(8, 20);
  ASSERT_EQ(seen.rows.size(), 2u);
  EXPECT_EQ(seen.rows[0].cells, "AAAAAA###...");
  EXPECT_EQ(seen.rows[1].cells, "............");
  EXPECT_EQ(seen.task_cells, "  wwww###---");
  ASSERT_EQ(seen.legend.size(), 1u);
  EXPECT_EQ(seen.legend[0].task, "hog[50]");
  EXPECT_EQ(seen.legend[0].ran_ns, 6 * kMs);
  EXPECT_EQ(seen.column_ns(), kMs);
  EXPECT_EQ(seen.column_of(0), 0u);
  EXPECT_EQ(seen.column_of(9 * kMs + 1), 1u);
  EXPECT_EQ(seen.column_of(UINT64_MAX), 11u);
}

TEST_F(TimelineTest, EndsWhereTheTraceEnds) {
  fork(1, 50, "hog");
  run(2, 50, 0);
  at(6, trace::Tick{}, 1);
  const Timeline seen = paint(0, 10, 0);
  EXPECT_EQ(seen.rows[0].cells, "..AAAA    ");
  EXPECT_EQ(seen.rows[1].cells, "......    ");
  EXPECT_EQ(seen.task_cells, "");
}

TEST_F(TimelineTest, ShowsWhatHadMostOfAColumn) {
  fork(1, 50, "long");
  fork(1, 51, "short");
  run(2, 50, 0);
  events_.push_back(make_event(4 * kMs + 100'000, 0, trace::Switch{.prev = 50, .prev_on_rq = 1, .next = 51}));
  events_.push_back(make_event(4 * kMs + 400'000, 0, trace::Switch{.prev = 51, .prev_on_rq = 1, .next = 50}));
  at(20, trace::Tick{});
  const Timeline seen = paint(0, 8);
  EXPECT_EQ(seen.rows[0].cells, "..AAAAAA");
  EXPECT_EQ(seen.legend.size(), 1u) << "what is in no row needs no letter";
}

TEST_F(TimelineTest, ShowsInterruptsAndCpusThatGo) {
  at(2, trace::IrqEnter{}, 0);
  at(5, trace::IrqExit{}, 0);
  at(3, trace::CpuOffline{.cpu = 1});
  at(6, trace::CpuOnline{.cpu = 1});
  at(20, trace::Tick{});
  std::stable_sort(events_.begin(), events_.end(), [](const auto& a, const auto& b) { return a.time_ns < b.time_ns; });
  const Timeline seen = paint(0, 8);
  EXPECT_EQ(seen.rows[0].cells, "..iii...");
  EXPECT_EQ(seen.rows[1].cells, "...xxx..");
}

TEST_F(TimelineTest, ShowsQuotaAndFreezer) {
  fork(1, 7, "victim");
  wake(1, 7);
  run(2, 7, 1);
  at(3, trace::Throttle{.cgroup = 9, .cpu = 1});
  run(3, 0, 1, 7);
  at(5, trace::Unthrottle{.cgroup = 9, .cpu = 1});
  run(6, 7, 1);
  at(8, trace::Freeze{}, 1);
  sleep(8, 7, 1);
  at(20, trace::Tick{});
  EXPECT_EQ(paint(0, 10).task_cells, " w#ttw##ff");
}

TEST_F(TimelineTest, CallsWhoeverHasNoLetterAnother) {
  for (std::int32_t pid = 50; pid < 62; ++pid) {
    fork(1, pid, "t");
    run(static_cast<std::uint64_t>(pid - 48), pid, 0, pid == 50 ? 0 : pid - 1);
  }
  run(14, 0, 0, 61);
  at(20, trace::Tick{});
  EXPECT_EQ(paint(2, 15, 0).rows[0].cells, "ABCDEFGHI***.");
}

TEST_F(TimelineTest, OfACpuThatNothingIsKnownOf) {
  events_.clear();
  at(1, trace::CpuSeen{.cpu = 0, .current = 0});
  at(20, trace::Tick{});
  const Timeline seen = paint(0, 4);
  EXPECT_EQ(seen.rows[0].cells, " ...");
  EXPECT_EQ(seen.rows[1].cells, "    ");
}

TEST(TimelineShapeTest, GetsSomeTimeAroundIt) {
  const TimelineShape shape = with_margin({.from_ns = 100'000'000, .to_ns = 180'000'000});
  EXPECT_EQ(shape.from_ns, 90'000'000u);
  EXPECT_EQ(shape.to_ns, 190'000'000u);
  EXPECT_EQ(with_margin({.from_ns = 10, .to_ns = 10}).from_ns, 0u);
}

}  // namespace
}  // namespace ktstr
