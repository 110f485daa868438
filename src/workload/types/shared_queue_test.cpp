// SPDX-License-Identifier: Apache-2.0
#include "workload/types/shared_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "workload/types/matrix.h"

namespace ktstr {
namespace {

class SharedQueueTest : public testing::Test {
 protected:
  static constexpr std::size_t kLimit = 3;
  SharedQueueTest() {
    SharedQueue::add(shared_, 2, kLimit);
    words_ = std::vector<SharedWord>(shared_.word_count());
    shared_.bind(words_.data(), {}, -1);
    run_ = std::make_unique<WorkerRun>(*group_, *slot_, RunProbes::real(), &shared_);
  }
  void stop() {
    group_->stop = 1;
    for (SharedWord& word : words_) word.stop();
    run_->checkpoint();
  }
  std::unique_ptr<GroupBlock> group_ = std::make_unique<GroupBlock>();
  std::unique_ptr<WorkerSlot> slot_ = std::make_unique<WorkerSlot>();
  GroupResources shared_{1};
  std::vector<SharedWord> words_;
  std::unique_ptr<WorkerRun> run_;
};

TEST_F(SharedQueueTest, GivesFirstWhatCameFirst) {
  SharedQueue queue(*run_, 1, kLimit);
  ASSERT_TRUE(queue.valid());
  QueueItem item;
  // More than once around.
  for (std::uint64_t i = 0; i < 10; ++i) {
    EXPECT_TRUE(queue.try_push({.since_ns = i, .key = 10 * i, .worker = 100 * i}));
    EXPECT_TRUE(queue.try_push({.since_ns = i, .key = 10 * i + 1}));
    ASSERT_TRUE(queue.pop(item));
    EXPECT_EQ(item.key, 10 * i);
    EXPECT_EQ(item.worker, 100 * i);
    ASSERT_TRUE(queue.pop(item));
    EXPECT_EQ(item.key, 10 * i + 1);
  }
}

TEST_F(SharedQueueTest, TakesNoMoreThanThereIsRoomFor) {
  SharedQueue queue(*run_, 0, kLimit), other(*run_, 1, kLimit);
  for (std::size_t i = 0; i < kLimit; ++i) EXPECT_TRUE(queue.try_push({}));
  EXPECT_FALSE(queue.try_push({}));
  EXPECT_TRUE(other.try_push({})) << "each has its own";
  QueueItem item;
  EXPECT_TRUE(queue.pop(item));
  EXPECT_TRUE(queue.try_push({}));
}

TEST_F(SharedQueueTest, LetsWhoPushesWaitForRoom) {
  SharedQueue queue(*run_, 0, kLimit);
  queue.open();
  QueueItem item;
  for (std::size_t i = 0; i < kLimit; ++i) EXPECT_TRUE(queue.push({}));
  EXPECT_EQ(words_[2].value(), 0u) << "the next one would sleep";
  EXPECT_TRUE(queue.pop_and_make_room(item));
  EXPECT_TRUE(queue.push({}));
}

TEST_F(SharedQueueTest, KeepsNobodyOnceItIsToldToStop) {
  SharedQueue queue(*run_, 0, kLimit);
  stop();
  QueueItem item;
  EXPECT_FALSE(queue.pop(item));
  EXPECT_FALSE(queue.push({}));
}

TEST(GroupResources, HaveMemoryOfZerosUnlessTheMachineHasTooLittle) {
  GroupResources shared(2);
  shared.add_memory(100);
  shared.add_memory(std::size_t{1} << 50);
  ASSERT_EQ(shared.memory(0).size(), 100u);
  EXPECT_EQ(shared.memory(0)[99], std::byte{0});
  EXPECT_TRUE(shared.memory(1).empty());
  const std::byte* const at = shared.memory(0).data();
  const GroupResources moved = std::move(shared);
  EXPECT_EQ(moved.memory(0).data(), at);
}

TEST(MatrixRows, AreThoseOfThreeMatricesThatHaveRoom) {
  EXPECT_EQ(matrix_rows(256), 104u) << "as of schbench";
  EXPECT_EQ(matrix_rows(64), 52u);
  EXPECT_EQ(matrix_rows(1), 6u);
  EXPECT_EQ(matrix_rows(0), 0u);
  EXPECT_LE(matrices_bytes(matrix_rows(256)), 256u << 10);
}

TEST_F(SharedQueueTest, MultipliesMatrices) {
  std::vector<std::uint64_t> matrices = {1, 2, 3, 4, 5, 6, 7, 8, 99, 99, 99, 99};
  run_->begin(std::chrono::nanoseconds(0));
  multiply_matrices(matrices, 2, *run_);
  EXPECT_EQ(std::vector<std::uint64_t>(matrices.begin() + 8, matrices.end()),
            (std::vector<std::uint64_t>{19, 22, 43, 50}));
  EXPECT_EQ(slot_->live->work_units, 1u);
}

}  // namespace
}  // namespace ktstr
