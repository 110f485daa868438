// SPDX-License-Identifier: Apache-2.0
//
// Entries of workers that are not there, and, at the end, of real ones.
#include "workload/live_workers.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <optional>

#include "workload/testing/worker_watch.h"
#include "workload/worker_group.h"

namespace ktstr {
namespace {

class LiveWorkersTest : public testing::Test {
 protected:
  // Shared, as with real workers; on pages of its own.
  struct Area {
    LiveHead head;
    std::array<LiveWorker, 8> entries;
  };
  static Area* map_area() {
    void* const at = ::mmap(nullptr, sizeof(Area), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return new (at) Area;
  }
  ~LiveWorkersTest() override { ::munmap(area_, sizeof(Area)); }

  std::shared_ptr<LiveWorkers> workers(std::size_t entries, LiveWorkers::MakeRoom make_room = {}) {
    return std::make_shared<LiveWorkers>(area_->head, std::span(area_->entries).first(entries), std::move(make_room));
  }
  LiveWorker& entry(std::size_t i) { return area_->entries[i]; }
  static std::string name_of(const LiveWorker& worker) {
    return {worker.cgroup.begin(), std::find(worker.cgroup.begin(), worker.cgroup.end(), '\0')};
  }

  Area* area_ = map_area();
};

TEST_F(LiveWorkersTest, HaveAnEntryUntilTheyAreGone) {
  const auto all = workers(8);
  {
    const LivePlace place(all, "cg_0", 3);
    ASSERT_EQ(place.entry(), &entry(0));
    EXPECT_EQ(entry(0).state, LiveWorker::kTaken);
    EXPECT_EQ(name_of(entry(0)), "cg_0");
    EXPECT_EQ(entry(0).index, 3);
    EXPECT_EQ(entry(0).pid, 0);
    EXPECT_EQ(entry(0).released_ns, 0u);
    place.has_pid(17);
    place.is_released(1000);
    EXPECT_EQ(entry(0).pid, 17);
    EXPECT_EQ(entry(0).released_ns, 1000u);
    entry(0).iterations = 12;
    EXPECT_EQ(area_->head.used, 1u);
  }
  EXPECT_EQ(entry(0).state, LiveWorker::kFree);
  EXPECT_EQ(area_->head.ended_iterations, 12u);
}

TEST_F(LiveWorkersTest, GetAnEntryAnewWithoutTheNumbersOfWhoHadIt) {
  const auto all = workers(8);
  {
    const LivePlace place(all, "a-long-name", 3);
    place.has_pid(17);
    place.is_released(1000);
    entry(0).work_units = entry(0).iterations = entry(0).last_checkpoint_ns = 5;
  }
  const LivePlace next(all, "cg", 1);
  ASSERT_EQ(next.entry(), &entry(0));
  EXPECT_EQ(name_of(entry(0)), "cg");
  EXPECT_EQ(entry(0).pid, 0);
  EXPECT_EQ(entry(0).released_ns, 0u);
  EXPECT_EQ(entry(0).work_units + entry(0).iterations + entry(0).last_checkpoint_ns, 0u);
  EXPECT_EQ(area_->head.used, 1u);
}

TEST_F(LiveWorkersTest, ThatMayStillBeThereKeepTheirEntry) {
  const auto all = workers(8);
  {
    LivePlace place(all, "cg_0", 0);
    place.leave();
  }
  EXPECT_EQ(entry(0).state, LiveWorker::kTaken);
  const LivePlace next(all, "cg_1", 0);
  EXPECT_EQ(next.entry(), &entry(1));
}

TEST_F(LiveWorkersTest, BeyondTheLastEntryHaveNoneAndAreCountedWhileTheyAreThere) {
  const auto all = workers(1);
  const LivePlace first(all, "cg_0", 0);
  {
    const LivePlace second(all, "cg_0", 1), third(all, "cg_0", 2);
    EXPECT_EQ(second.entry(), nullptr);
    second.has_pid(17);
    second.is_released(1000);
    EXPECT_EQ(area_->head.beyond, 2u);
  }
  EXPECT_EQ(area_->head.beyond, 0u);
  EXPECT_EQ(area_->head.used, 1u);
}

TEST_F(LiveWorkersTest, OfALongNameKeepTheEnd) {
  const std::string end(LiveWorker::kNameBytes, 'y');
  const LivePlace place(workers(8), std::string(100, 'x') + end, 0);
  EXPECT_EQ(name_of(entry(0)), end);
}

TEST_F(LiveWorkersTest, AskForRoomWhenThereIsNoneAndNotAgainAfterARefusal) {
  std::vector<std::size_t> asked;
  const auto all = workers(8, [&](std::size_t count) -> Result<std::size_t> {
    asked.push_back(count);
    if (count > 2) return fail(ErrorCode::kIo, "no more");
    return 2;
  });
  std::vector<LivePlace> places;
  for (int i = 0; i < 5; ++i) places.emplace_back(all, "cg_0", i);
  EXPECT_EQ(asked, (std::vector<std::size_t>{1, 3}));
  EXPECT_EQ(places[1].entry(), &entry(1));
  EXPECT_EQ(places[2].entry(), nullptr);
  EXPECT_EQ(area_->head.beyond, 3u);
}

TEST_F(LiveWorkersTest, WhomNobodySeesCountForThemselves) {
  const LivePlace place(nullptr, "cg_0", 0);
  EXPECT_EQ(place.entry(), nullptr);
  place.has_pid(1);
  EXPECT_EQ(area_->head.used, 0u);
}

// Processes and threads: what they publish is in their entries, and in their reports.
TEST_F(LiveWorkersTest, CountInTheirEntriesAndReportFromThere) {
  for (const auto& process : {std::optional<std::string>(), std::optional<std::string>("web")}) {
    const auto all = workers(2);
    {
      auto group = WorkerGroup::spawn({{{.workers = 3, .pcomm = process}, {.cgroup = "cg_0"}, 1}}, 4, all);
      ASSERT_TRUE(group) << group.error().render();
      EXPECT_EQ(entry(0).pid, group->pids()[0]);
      EXPECT_EQ(entry(0).released_ns, 0u);
      group->release();
      for (std::size_t i = 0; i < 2; ++i) {
        wait_until([&] { return entry(i).iterations > 10 && entry(i).last_checkpoint_ns != 0; }, "it counts");
        EXPECT_EQ(entry(i).index, static_cast<int>(4 + i));
      }
      wait_for_work(group->pids()[2]);
      EXPECT_GT(group->iterations(), entry(0).iterations);
      const auto reports = group->collect(kPatience);
      ASSERT_TRUE(reports) << reports.error().render();
      for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ((*reports)[i].iterations, entry(i).iterations);
        EXPECT_EQ((*reports)[i].work_units, entry(i).work_units);
        EXPECT_EQ((*reports)[i].pid, entry(i).pid);
        EXPECT_EQ((*reports)[i].started_ns, entry(i).released_ns);
      }
      EXPECT_GT((*reports)[2].iterations, 0u);
      EXPECT_EQ(entry(1).state, LiveWorker::kTaken) << "until the report is out, and the group gone";
    }
    EXPECT_EQ(entry(0).state, LiveWorker::kFree);
    EXPECT_EQ(area_->head.beyond, 0u);
  }
}

TEST_F(LiveWorkersTest, GiveBackTheirEntryWhenTheirGroupIsDropped) {
  const auto all = workers(8);
  {
    auto group = WorkerGroup::spawn({{{.workers = 1}, {.cgroup = "cg_0"}, 1}}, 0, all);
    ASSERT_TRUE(group) << group.error().render();
    group->release();
    wait_until([&] { return entry(0).iterations > 10; }, "it counts");
  }
  EXPECT_EQ(entry(0).state, LiveWorker::kFree);
  EXPECT_EQ(area_->head.ended_iterations, entry(0).iterations);
}

}  // namespace
}  // namespace ktstr
