// SPDX-License-Identifier: Apache-2.0
#include "engine/watch/record_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ktstr {
namespace {

using mailbox::Lane;
using testing::ElementsAre;

class RecordStreamTest : public testing::Test {
 protected:
  static LaneWriter writer(mailbox::View view, Lane lane) {
    return LaneWriter(view, lane, [](auto, auto) { ADD_FAILURE() << "the lane is full"; });
  }
  static void say(LaneWriter& writer, std::uint64_t time, std::string_view text) {
    writer.append(static_cast<RecordType>(6), time, as_byte_span(text));
  }

  std::vector<std::byte> box_ = std::vector<std::byte>(mailbox::kDeliveryOffset);
  mailbox::View view_{box_};
  LaneWriter agent_ = writer(view_, Lane::kAgent), body_ = writer(view_, Lane::kBody);
  std::vector<std::string> seen_;
  RecordStream stream_{view_, [this](const Record& record) {
                         seen_.emplace_back(as_text(record.payload));
                         return ok();
                       }};
};

TEST_F(RecordStreamTest, MergesLanesByTime) {
  say(agent_, 10, "a10");
  say(agent_, 30, "a30");
  say(body_, 20, "b20");
  say(body_, 30, "b30");
  ASSERT_TRUE(stream_.drain());
  EXPECT_THAT(seen_, ElementsAre("a10", "b20", "a30", "b30"));
}

TEST_F(RecordStreamTest, KeepsALanesOwnOrderEvenWhereItsTimesGoBack) {
  say(agent_, 30, "a30");
  say(agent_, 10, "a10");
  say(body_, 20, "b20");
  ASSERT_TRUE(stream_.drain());
  EXPECT_THAT(seen_, ElementsAre("b20", "a30", "a10"));
}

TEST_F(RecordStreamTest, HandsOnEachRecordOnce) {
  say(agent_, 1, "first");
  ASSERT_TRUE(stream_.drain());
  say(agent_, 2, "second");
  ASSERT_TRUE(stream_.drain());
  ASSERT_TRUE(stream_.drain());
  EXPECT_THAT(seen_, ElementsAre("first", "second"));
}

TEST_F(RecordStreamTest, WhatCameBeforeABrokenRecordIsHandedOnAndSoAreTheOtherLanes) {
  say(body_, 10, "b10");
  const auto broken = mailbox::load(view_.layout().lanes[static_cast<std::size_t>(Lane::kBody)].committed);
  say(body_, 20, "b20");
  say(agent_, 30, "a30");
  view_.lane(Lane::kBody)[broken] ^= std::byte{1};
  const Status drained = stream_.drain();
  ASSERT_FALSE(drained);
  EXPECT_EQ(drained.error().message(), "record at byte 40 of lane 1: no frame starts there");
  EXPECT_THAT(seen_, ElementsAre("b10", "a30"));
}

TEST_F(RecordStreamTest, EndsWithTheSinksError) {
  RecordStream refusing(view_, [](const Record&) { return Status(fail(ErrorCode::kCorruptData, "cannot decode")); });
  say(agent_, 1, "x");
  const Status status = refusing.drain();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(), "cannot decode");
}

TEST_F(RecordStreamTest, ReportsWhatDoesNotCheckOut) {
  say(agent_, 1, "x");
  box_[mailbox::kLanesOffset + kFrameHeaderBytes] ^= std::byte{1};
  const Status status = stream_.drain();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::kCorruptData);
}

TEST_F(RecordStreamTest, CountsWhatTheGuestHadToDropInAnyLane) {
  agent_.append(static_cast<RecordType>(6), 1, ByteVector(kMaxPayloadBytes + 1));
  body_.append(static_cast<RecordType>(6), 1, ByteVector(kMaxPayloadBytes + 1));
  EXPECT_EQ(stream_.dropped(), 2u);
}

TEST_F(RecordStreamTest, CountsWhatWasDroppedWithoutWrapping) {
  mailbox::store(view_.layout().lanes[0].dropped, UINT64_MAX);
  mailbox::store(view_.layout().lanes[1].dropped, 2);
  EXPECT_EQ(stream_.dropped(), UINT64_MAX);
}

}  // namespace
}  // namespace ktstr
