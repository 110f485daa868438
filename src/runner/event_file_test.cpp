// SPDX-License-Identifier: Apache-2.0
#include "runner/event_file.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

using mailbox::Lane;

Record log_record(Lane lane, std::uint32_t sequence, std::uint64_t time_ns, std::string text) {
  return {RecordType::kLog, lane, sequence, time_ns, encode(LogRecord{LogRecord::Stream::kBody, std::move(text)})};
}

std::string digest_of(const std::vector<Record>& records) {
  StreamDigest digest;
  for (const Record& record : records) digest.add(record);
  return digest.finish();
}

const std::vector<Record> kStream = {log_record(Lane::kAgent, 0, 5, "a"), log_record(Lane::kBody, 0, 7, "b"),
                                     log_record(Lane::kAgent, 1, 9, "c")};

TEST(StreamDigest, DoesNotDependOnHowLanesWereInterleaved) {
  EXPECT_EQ(digest_of(kStream), digest_of({kStream[1], kStream[0], kStream[2]}));
}

TEST(StreamDigest, ChangesWithTimeAndContents) {
  auto later = kStream;
  later[2].time_ns += 1;
  EXPECT_NE(digest_of(kStream), digest_of(later));
  auto other = kStream;
  other[1] = log_record(Lane::kBody, 0, 7, "B");
  EXPECT_NE(digest_of(kStream), digest_of(other));
}

TEST(EventFile, SurvivesTheTripAndRefusesTruncation) {
  const ByteVector bytes = pack_events(kStream);
  EXPECT_EQ(digest_of(*unpack_events(bytes)), digest_of(kStream));
  for (std::size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(unpack_events(ByteSpan(bytes).first(length))) << length;
}

class EventFileOnDisk : public testing::Test {
 protected:
  TempDir dir_ = *TempDir::create(fs::temp_directory_path(), "ktstr-events-test");
  fs::path path_ = dir_.path() / "events.bin";
};

TEST_F(EventFileOnDisk, IsTheSameAsOneThatIsPackedAtOnce) {
  auto writer = *EventWriter::create(path_);
  for (const Record& record : kStream) writer.add(record);
  ASSERT_TRUE(writer.finish());
  EXPECT_EQ(*read_bytes(path_), pack_events(kStream));
}

TEST_F(EventFileOnDisk, CanBeReadAsFarAsItGoesWhenItsWriterWasKilled) {
  ByteVector bytes = pack_events(kStream);
  for (std::size_t i = 0; i < 4; ++i) bytes[i] = std::byte{0xff};
  EXPECT_EQ(unpack_events(bytes)->size(), 3u);
  bytes.pop_back();
  EXPECT_EQ(unpack_events(bytes)->size(), 2u);
  bytes[4] = std::byte{7};
  EXPECT_FALSE(unpack_events(bytes)) << "no lane 7";
}

TEST_F(EventFileOnDisk, SaysWhyItIsNotWhole) {
  auto writer = *EventWriter::create("/dev/full");
  for (const Record& record : kStream) writer.add(record);
  EXPECT_EQ(writer.finish().error().code(), ErrorCode::kNoSpace);
}

TEST_F(EventFileOnDisk, IsComparedWithAnother) {
  const fs::path other = dir_.path() / "other.bin";
  auto changed = kStream;
  changed[2] = log_record(Lane::kAgent, 1, 9, "X");
  ASSERT_TRUE(write_atomically(path_, pack_events(kStream)));
  ASSERT_TRUE(write_atomically(other, pack_events(changed)));
  EXPECT_FALSE(*first_difference(path_, path_));
  EXPECT_EQ(**first_difference(path_, other), *first_difference(kStream, changed));
  ASSERT_TRUE(write_text(other, ""));
  EXPECT_EQ(first_difference(path_, other).error().code(), ErrorCode::kCorruptData);
  EXPECT_FALSE(first_difference(path_, dir_.path() / "nothing"));
}

TEST(FirstDifference, ShowsBothSides) {
  EXPECT_FALSE(first_difference(kStream, kStream));
  auto other = kStream;
  other[2] = log_record(Lane::kAgent, 1, 9, "X");
  EXPECT_EQ(
      *first_difference(kStream, other),
      "agent lane, record 1 (log) at 0.000000009 s: c\n  against\n  agent lane, record 1 (log) at 0.000000009 s: X");
  other.pop_back();
  EXPECT_NE(first_difference(kStream, other)->find("(nothing more)"), std::string::npos);
}

}  // namespace
}  // namespace ktstr
