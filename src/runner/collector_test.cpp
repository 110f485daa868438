// SPDX-License-Identifier: Apache-2.0
#include "runner/collector.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

template <typename T>
Record record_of(RecordType type, const T& value, std::uint32_t sequence = 0) {
  return {type, mailbox::Lane::kBody, sequence, 100 + sequence, encode(value)};
}

TEST(Collector, KeepsStimuliWithTheirTimeAndPayloadsInTheirOrder) {
  Collector collector;
  ASSERT_TRUE(collector.add(record_of(RecordType::kStimulus, Stimulus{.at_ns = 100, .step = 1, .iterations = 7}, 0)));
  ASSERT_TRUE(collector.add(record_of(RecordType::kPayload, PayloadReport{.name = "first"}, 1)));
  ASSERT_TRUE(collector.add(record_of(RecordType::kPayload, PayloadReport{.name = "second"}, 2)));
  const GuestStory& story = collector.story();
  ASSERT_EQ(story.stimuli.size(), 1u);
  EXPECT_EQ(story.stimuli[0].at_ns, 100u);
  EXPECT_EQ(story.stimuli[0].iterations, 7u);
  ASSERT_EQ(story.payloads.size(), 2u);
  EXPECT_EQ(story.payloads[1].name, "second");
}

TEST(Collector, KnowsHowManyPagesWereMigrated) {
  Collector collector;
  EXPECT_EQ(collector.story().migrated.pages, 0u);
  ASSERT_TRUE(collector.add(record_of(RecordType::kMigrated, MigratedRecord{42})));
  EXPECT_EQ(collector.story().migrated.pages, 42u);
}

TEST(Collector, CountsThemIntoTheDigest) {
  const auto digest_of = [](const Record& record) {
    Collector collector;
    EXPECT_TRUE(collector.add(record));
    return collector.digest();
  };
  EXPECT_NE(digest_of(record_of(RecordType::kStimulus, Stimulus{.iterations = 1})),
            digest_of(record_of(RecordType::kStimulus, Stimulus{.iterations = 2})));
  EXPECT_NE(digest_of(record_of(RecordType::kPayload, PayloadReport{.output_tail = "a"})),
            digest_of(record_of(RecordType::kPayload, PayloadReport{.output_tail = "b"})));
}

TEST(Collector, EndsAStoryWithoutEnd) {
  // Decoded it would be a log of many lines.
  Collector lines;
  const Record line = record_of(RecordType::kLog, LogRecord{LogRecord::Stream::kScheduler, std::string(100'000, 'x')});
  Status added = ok();
  int count = 0;
  while (added && ++count < 10'000) added = lines.add(line);
  EXPECT_EQ(added.error().code(), ErrorCode::kUnsupported);
  EXPECT_LE(count, 200);
  EXPECT_LE(lines.story().scheduler_log.at(0).size(), Collector::kMostLine + 20) << "a line is cut";

  // What is not kept takes room on disk all the same.
  Collector big;
  const Record record{RecordType::kEnd, mailbox::Lane::kBody, 0, 0, ByteVector(kMaxPayloadBytes)};
  added = ok();
  Bytes sent = 0;
  while (added && sent < 2 * Collector::kMostRaw) {
    added = big.add(record);
    sent += record.payload.size();
  }
  EXPECT_EQ(added.error().code(), ErrorCode::kUnsupported);
  EXPECT_NEAR(static_cast<double>(sent), static_cast<double>(Collector::kMostRaw), 2e6);
}

TEST(Collector, BoundsWhatHistogramsTake) {
  Collector collector;
  WorkerReport worker;
  for (std::uint64_t ns = 0; ns < LatencyBucket::kLimitNs; ns += 1 + ns / 64) worker.wake_latencies.add(ns);
  ASSERT_GT(worker.wake_latencies.buckets.size(), 900u);
  const Record record = record_of(RecordType::kWorker, worker);
  Status added = ok();
  int count = 0;
  while (added && ++count < 10'000) added = collector.add(record);
  EXPECT_EQ(added.error().code(), ErrorCode::kUnsupported);
  EXPECT_GT(count, 500) << "as many as there are in large runs, of far fewer buckets each";
}

TEST(Collector, RefusesWhatCannotBeDecodedAndTypesThatThereAreNot) {
  for (const RecordType type : {RecordType::kStimulus, RecordType::kPayload, static_cast<RecordType>(99)}) {
    Collector collector;
    const Status added = collector.add({type, mailbox::Lane::kBody, 0, 0, {std::byte{1}}});
    EXPECT_EQ(added.error().code(), ErrorCode::kCorruptData);
  }
}

}  // namespace
}  // namespace ktstr
