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

TEST(FirstDifference, ShowsBothSides) {
  EXPECT_FALSE(first_difference(kStream, kStream));
  auto other = kStream;
  other[2] = log_record(Lane::kAgent, 1, 9, "X");
  EXPECT_EQ(*first_difference(kStream, other),
            "agent lane, record 1 (log) at 0.000000009 s: c\n  against\n  agent lane, record 1 (log) at 0.000000009 s: X");
  other.pop_back();
  EXPECT_NE(first_difference(kStream, other)->find("(nothing more)"), std::string::npos);
}

}  // namespace
}  // namespace ktstr
