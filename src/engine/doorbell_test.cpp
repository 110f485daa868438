// SPDX-License-Identifier: Apache-2.0
#include "engine/doorbell.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/file.h"

namespace ktstr {
namespace {

using State = Doorbell::State;

class DoorbellTest : public testing::Test {
 protected:
  void SetUp() override {
    auto directory = TempDir::create(fs::temp_directory_path(), "doorbell_test");
    ASSERT_TRUE(directory);
    directory_.emplace(std::move(*directory));
    const fs::path fifo = directory_->path() / "bell";
    auto doorbell = Doorbell::create(fifo);
    ASSERT_TRUE(doorbell) << doorbell.error().render();
    doorbell_.emplace(std::move(*doorbell));
    auto writer = open_file(fifo, O_WRONLY | O_NONBLOCK);
    ASSERT_TRUE(writer);
    writer_ = std::move(*writer);
  }

  // As the guest does: byte by byte. How many the FIFO took.
  std::size_t write_bytes(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      if (::write(writer_.get(), "x", 1) != 1) return i;
    return count;
  }
  // Two looks: one alone does not tell that the guest stands still.
  State serve() {
    const State first = look();
    return first == State::kFilling ? look() : first;
  }
  State look() {
    const auto state = doorbell_->serve(mailbox::View(box_), [this] {
      ++answers_;
      return ok();
    });
    EXPECT_TRUE(state) << state.error().render();
    return state ? *state : State::kQuiet;
  }
  std::uint64_t answered() { return mailbox::View(box_).layout().bell.answered; }

  std::optional<TempDir> directory_;
  std::optional<Doorbell> doorbell_;
  Fd writer_;
  std::vector<std::byte> box_ = std::vector<std::byte>(mailbox::kLanesOffset);
  int answers_ = 0;
};

TEST_F(DoorbellTest, HoldsOneByteLessThanARing) {
  EXPECT_EQ(write_bytes(mailbox::kBellRingBytes), mailbox::kBellPipeBytes);
}

TEST_F(DoorbellTest, IsQuietUntilSomebodyRings) { EXPECT_EQ(serve(), State::kQuiet); }

TEST_F(DoorbellTest, IsNotAnsweredBeforeTheGuestStandsStill) {
  write_bytes(mailbox::kBellPipeBytes - 1);
  EXPECT_EQ(serve(), State::kFilling);
  EXPECT_EQ(answers_, 0);
}

TEST_F(DoorbellTest, AnswersARingAndTakesExactlyItsBytes) {
  mailbox::View(box_).layout().bell.rings = 7;
  write_bytes(mailbox::kBellPipeBytes);
  EXPECT_EQ(serve(), State::kAnswered);
  EXPECT_EQ(answers_, 1);
  EXPECT_EQ(answered(), 7u);
  EXPECT_EQ(serve(), State::kFilling);  // the last byte is on its way
  write_bytes(1);
  EXPECT_EQ(serve(), State::kQuiet);
}

TEST_F(DoorbellTest, AnswersARingThatFollowsBeforeTheLastByteWasTaken) {
  write_bytes(mailbox::kBellPipeBytes);
  EXPECT_EQ(serve(), State::kAnswered);
  std::size_t left = 1;  // what the guest still has to write of its ring
  for (int ring = 2; ring < 20; ++ring) {
    left += mailbox::kBellRingBytes;
    left -= write_bytes(left);
    EXPECT_GT(left, 0u) << "ring " << ring << " was through before it was answered";
    EXPECT_EQ(serve(), State::kAnswered);
    EXPECT_EQ(answers_, ring);
  }
  EXPECT_EQ(write_bytes(left), left);
  EXPECT_EQ(serve(), State::kQuiet);
}

TEST_F(DoorbellTest, AnswersOncePerRingWhateverTheGuestsPace) {
  for (const std::size_t step : std::vector<std::size_t>{1, 7, 1000, 4096, 5000}) {
    answers_ = 0;
    std::size_t left = 3 * mailbox::kBellRingBytes;
    for (int i = 0; left > 0 && i < 100000; ++i) {
      left -= write_bytes(std::min(step, left));
      look();
    }
    EXPECT_EQ(left, 0u) << "step " << step;
    EXPECT_EQ(serve(), State::kQuiet) << "step " << step;
    EXPECT_EQ(answers_, 3) << "step " << step;
  }
}

TEST_F(DoorbellTest, LeavesTheGuestWhereItIsWhenTheAnswerFails) {
  write_bytes(mailbox::kBellPipeBytes);
  EXPECT_EQ(look(), State::kFilling);
  const auto state = doorbell_->serve(mailbox::View(box_), [] { return Status(fail(ErrorCode::kCorruptData, "bad")); });
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code(), ErrorCode::kCorruptData);
  EXPECT_EQ(write_bytes(1), 0u);
}

}  // namespace
}  // namespace ktstr
