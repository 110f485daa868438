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
  ASSERT_TRUE(collector.add(record_of(RecordType::kStimulus, Stimulus{.phase = 1, .iterations = 7}, 0)));
  ASSERT_TRUE(collector.add(record_of(RecordType::kPayload, PayloadReport{.name = "first"}, 1)));
  ASSERT_TRUE(collector.add(record_of(RecordType::kPayload, PayloadReport{.name = "second"}, 2)));
  const GuestStory& story = collector.story();
  ASSERT_EQ(story.stimuli.size(), 1u);
  EXPECT_EQ(story.stimuli[0].first, 100u);
  EXPECT_EQ(story.stimuli[0].second.iterations, 7u);
  ASSERT_EQ(story.payloads.size(), 2u);
  EXPECT_EQ(story.payloads[1].name, "second");
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

TEST(Collector, RefusesWhatCannotBeDecodedAndTypesThatThereAreNot) {
  for (const RecordType type : {RecordType::kStimulus, RecordType::kPayload, static_cast<RecordType>(15)}) {
    Collector collector;
    const Status added = collector.add({type, mailbox::Lane::kBody, 0, 0, {std::byte{1}}});
    EXPECT_EQ(added.error().code(), ErrorCode::kCorruptData);
  }
}

}  // namespace
}  // namespace ktstr
