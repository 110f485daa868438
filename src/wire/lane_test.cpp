// SPDX-License-Identifier: Apache-2.0
#include "wire/lane.h"

#include <gtest/gtest.h>

#include "wire/records.h"

namespace ktstr {
namespace {

using mailbox::Lane;

class LaneTest : public ::testing::Test {
 protected:
  LaneTest() : memory_(mailbox::kDeliveryOffset + 65536), view_(memory_) {}
  LaneWriter writer(std::vector<Record>* drained = nullptr) {
    return LaneWriter(view_, Lane::kBody, [this, drained](mailbox::BellReason, Lane) {
      ++rings_;
      if (drained == nullptr) return;
      auto records = reader_.read();
      for (auto& record : records) drained->push_back(std::move(record));
    });
  }
  ByteVector memory_;
  mailbox::View view_;
  LaneReader reader_{view_, Lane::kBody};
  int rings_ = 0;
};

TEST_F(LaneTest, DeliversRecordsInOrderOnce) {
  auto out = writer();
  out.append(RecordType::kLog, 10, as_byte_span("one"));
  out.append(RecordType::kEnd, 20, {});
  const auto records = reader_.read();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(as_text(records[0].payload), "one");
  EXPECT_EQ(records[0].time_ns, 10u);
  EXPECT_EQ(records[1].type, RecordType::kEnd);
  EXPECT_EQ(records[1].sequence, 1u);
  EXPECT_TRUE(reader_.read().empty());
}

TEST_F(LaneTest, RingsWhenFullAndLosesNothing) {
  std::vector<Record> seen;
  auto out = writer(&seen);
  const ByteVector payload(100'000);
  for (int i = 0; i < 100; ++i) out.append(RecordType::kLog, 0, payload);
  auto rest = reader_.read();
  for (auto& record : rest) seen.push_back(std::move(record));
  EXPECT_EQ(rings_, 2);
  ASSERT_EQ(seen.size(), 100u);
  EXPECT_EQ(seen.back().sequence, 99u);
}

TEST_F(LaneTest, ReportsALaneThatWasEmptiedUnread) {
  auto out = writer();
  const ByteVector payload(1'000'000);
  for (int i = 0; i < 9; ++i) out.append(RecordType::kLog, 0, payload);
  EXPECT_TRUE(reader_.read().empty());
  EXPECT_EQ(reader_.sound().error().code(), ErrorCode::kCorruptData);
}

TEST_F(LaneTest, CountsAPayloadThatIsTooLarge) {
  auto out = writer();
  out.append(RecordType::kLog, 0, ByteVector(kMaxPayloadBytes + 1));
  EXPECT_EQ(reader_.dropped(), 1u);
  EXPECT_TRUE(reader_.read().empty());
}

TEST_F(LaneTest, RemembersTheMostThatWasDropped) {
  auto& block = view_.layout().lanes[1];
  mailbox::store(block.dropped, 12'344);
  EXPECT_TRUE(reader_.read().empty());
  mailbox::store(block.dropped, 0);
  EXPECT_EQ(reader_.dropped(), 12'344u);
}

TEST_F(LaneTest, RefusesAnyFlippedBitOfAFrame) {
  auto out = writer();
  out.append(RecordType::kLog, 77, as_byte_span("12345678"));
  const auto frame = view_.lane(Lane::kBody).first(kFrameHeaderBytes + 8);
  for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
    // The last header word is reserved, and is not looked at.
    if (bit / 8 >= 28 && bit / 8 < 32) continue;
    frame[bit / 8] ^= std::byte{1} << (bit % 8);
    LaneReader fresh(view_, Lane::kBody);
    EXPECT_TRUE(fresh.read().empty()) << "bit " << bit;
    EXPECT_FALSE(fresh.sound()) << "bit " << bit;
    frame[bit / 8] ^= std::byte{1} << (bit % 8);
  }
}

TEST_F(LaneTest, RefusesACommitBeyondTheLane) {
  mailbox::store(view_.layout().lanes[1].committed, mailbox::kLaneSize + 8);
  EXPECT_TRUE(reader_.read().empty());
  EXPECT_EQ(reader_.sound().error().code(), ErrorCode::kCorruptData);
}

TEST(Mailbox, DeliversAnArchiveAndNoticesDamage) {
  ByteVector memory(mailbox::kDeliveryOffset + 65536);
  mailbox::View view(memory);
  EXPECT_EQ(view.check_header().error().code(), ErrorCode::kProtocol);
  view.put_header();
  ASSERT_TRUE(view.put_delivery(mailbox::DeliveryKind::kRun, as_byte_span("archive")));
  EXPECT_TRUE(view.check_header());
  EXPECT_EQ(as_text(*view.take_delivery()), "archive");
  view.delivery_area()[0] = std::byte{'A'};
  EXPECT_EQ(view.take_delivery().error().code(), ErrorCode::kCorruptData);
  EXPECT_EQ(view.put_delivery(mailbox::DeliveryKind::kRun, ByteVector(65537)).error().code(), ErrorCode::kNoSpace);
}

TEST(Mailbox, DeliversAnArchiveInTwoPieces) {
  ByteVector memory(mailbox::kDeliveryOffset + 65536);
  mailbox::View view(memory);
  view.put_header();
  ASSERT_TRUE(view.put_delivery(mailbox::DeliveryKind::kRun, as_byte_span("arch"), as_byte_span("ive")));
  EXPECT_EQ(as_text(*view.take_delivery()), "archive");
  EXPECT_EQ(view.put_delivery(mailbox::DeliveryKind::kRun, ByteVector(65536), as_byte_span("x")).error().code(),
            ErrorCode::kNoSpace);
}

TEST(Mailbox, IsSizedByItsDelivery) {
  EXPECT_EQ(mailbox::size_for_delivery(1), Bytes{32} << 20);
  EXPECT_EQ(mailbox::size_for_delivery(Bytes{30} << 20), Bytes{64} << 20);
}

}  // namespace
}  // namespace ktstr
