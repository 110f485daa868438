// SPDX-License-Identifier: Apache-2.0
#include "wire/live_workers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "wire/live_file.h"

namespace ktstr {
namespace {

class LiveWorkersSeenTest : public testing::Test {
 protected:
  LiveWorker& entry(std::size_t i) { return view_.live_workers()[i]; }
  void take(std::size_t i, std::string_view cgroup, int pid) {
    LiveWorker& worker = entry(i);
    std::copy(cgroup.begin(), cgroup.end(), worker.cgroup.begin());
    worker.pid = pid;
    worker.released_ns = 1000;
    worker.state = LiveWorker::kTaken;
  }

  ByteVector memory_ = ByteVector(mailbox::kDeliveryOffset);
  mailbox::View view_{memory_};
  LiveHead& head_ = view_.layout().live;
};

TEST_F(LiveWorkersSeenTest, AreThoseThatWereReleasedAndStillHaveTheirEntry) {
  head_.used = 5;
  take(0, "cg_0", 101);
  entry(0).index = 3;
  entry(0).work_units = 4;
  entry(0).iterations = 5;
  entry(0).last_checkpoint_ns = 6;
  take(1, "cg_0", 102);
  entry(1).state = LiveWorker::kFree;
  take(2, "cg_0", 103);
  entry(2).released_ns = 0;
  take(3, "", 0);
  take(4, "", 105);
  take(5, "cg_0", 106);  // never taken
  head_.beyond = 9;
  const LiveWorkersSeen seen = read_live_workers(view_);
  ASSERT_EQ(seen.workers.size(), 2u);
  const WorkerLastSeen& first = seen.workers[0];
  EXPECT_EQ(first.cgroup, "cg_0");
  EXPECT_EQ(first.index, 3);
  EXPECT_EQ(first.pid, 101);
  EXPECT_EQ(first.started_ns, 1000u);
  EXPECT_EQ(first.work_units, 4u);
  EXPECT_EQ(first.iterations, 5u);
  EXPECT_EQ(first.last_checkpoint_ns, 6u);
  EXPECT_EQ(seen.workers[1].pid, 105);
  EXPECT_EQ(seen.workers[1].cgroup, "");
  EXPECT_EQ(seen.beyond, 9u);
}

TEST_F(LiveWorkersSeenTest, AreNoneOfAGuestThatNeverHadAny) {
  EXPECT_TRUE(read_live_workers(view_).workers.empty());
  EXPECT_EQ(live_iterations(view_), 0u);
}

TEST_F(LiveWorkersSeenTest, AreBoundedWhateverTheGuestWrites) {
  std::fill(memory_.begin(), memory_.end(), std::byte{0xff});
  EXPECT_TRUE(read_live_workers(view_).workers.empty()) << "in no state that there is";
  EXPECT_EQ(live_iterations(view_), UINT64_MAX);
  for (LiveWorker& worker : view_.live_workers()) worker.state = LiveWorker::kTaken;
  EXPECT_TRUE(read_live_workers(view_).workers.empty()) << "pids below 0";
  EXPECT_EQ(live_iterations(view_), UINT64_MAX) << "does not wrap";
  for (LiveWorker& worker : view_.live_workers()) worker.pid = worker.index = 1;
  const LiveWorkersSeen seen = read_live_workers(view_);
  EXPECT_EQ(seen.workers.size(), mailbox::kMostLiveWorkers);
  EXPECT_EQ(seen.workers.back().cgroup, std::string(LiveWorker::kNameBytes, '\xff'));
  EXPECT_EQ(seen.workers.back().iterations, UINT64_MAX);
}

TEST_F(LiveWorkersSeenTest, OfABodyOnThisMachineAreInAFileThatItCannotCut) {
  const auto made = LiveFile::create();
  ASSERT_TRUE(made) << made.error().render();
  EXPECT_NE(::ftruncate(made->file().get(), 0), 0);
  const auto opened = LiveFile::open(Fd(::dup(made->file().get())));
  ASSERT_TRUE(opened) << opened.error().render();
  opened->head().used = UINT32_MAX;
  for (LiveWorker& worker : opened->entries()) {
    worker.pid = 7;
    worker.released_ns = 1;
    worker.state = LiveWorker::kTaken;
  }
  EXPECT_EQ(read_live_workers(made->head(), made->entries()).workers.size(), mailbox::kMostLiveWorkers);
}

TEST_F(LiveWorkersSeenTest, CountIterationsOfThoseThatEndedToo) {
  head_.used = 2;
  head_.ended_iterations = 40;
  take(0, "cg_0", 101);
  entry(0).iterations = 2;
  entry(1).iterations = 1000;
  EXPECT_EQ(live_iterations(view_), 42u);
}

}  // namespace
}  // namespace ktstr
