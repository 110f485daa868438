// SPDX-License-Identifier: Apache-2.0
#include "trace/tracefs/ring_part.h"

#include <gtest/gtest.h>

#include "trace/testing/made_ring.h"

namespace ktstr {
namespace {

constexpr std::uint32_t kExtend = 30, kStamp = 31, kPadding = 29;

ByteVector four(std::uint8_t value) { return ByteVector(4, std::byte{value}); }

// "TIME:FIRST BYTE" of each event, then what ended it.
std::string walked(const ByteVector& bytes) {
  auto part = RingPart::over(bytes);
  if (!part) return "no part";
  std::string text;
  for (;;) {
    const auto event = part->next();
    if (!event) return text + "damaged";
    if (!*event) return text + "end";
    text += std::to_string((*event)->time_ns) + ":" + std::to_string(std::to_integer<int>((*event)->data[0])) + "*" +
            std::to_string((*event)->data.size()) + " ";
  }
}

TEST(RingPart, HasEventsWithTheTimeSinceTheOneBefore) {
  EXPECT_EQ(walked(MadePart(1000).event(0, four(1)).event(5, four(2)).bytes()), "1000:1*4 1005:2*4 end");
  EXPECT_EQ(walked(MadePart(1000).bytes()), "end");
}

TEST(RingPart, ALongEventHasItsLengthInAWordOfItsOwn) {
  const ByteVector big(200, std::byte{7});
  EXPECT_EQ(walked(MadePart(10).event(1, big).event(1, four(2)).bytes()), "11:7*200 12:2*4 end");
}

TEST(RingPart, TimesThatAreTooLongForAnEventStandBeforeIt) {
  EXPECT_EQ(walked(MadePart(1000).word(kExtend | 3 << 5).word(2).event(1, four(1)).bytes()),
            std::to_string(1000 + 3 + (2ULL << 27) + 1) + ":1*4 end");
  EXPECT_EQ(walked(MadePart(1000).word(kStamp | 3 << 5).word(2).event(1, four(1)).bytes()),
            std::to_string(3 + (2ULL << 27) + 1) + ":1*4 end");
}

TEST(RingPart, WhatWasDiscardedIsPassedOver) {
  EXPECT_EQ(walked(MadePart(10).word(kPadding | 1 << 5).word(8).word(0).event(1, four(3)).bytes()), "11:3*4 end");
  EXPECT_EQ(walked(MadePart(10).event(1, four(1)).word(kPadding).word(12345).event(1, four(3)).bytes()), "11:1*4 end");
}

TEST(RingPart, SaysHowManyEventsAreMissingBeforeIt) {
  const MadePart part = MadePart(10).event(1, four(1));
  EXPECT_EQ(RingPart::over(part.bytes())->missing(), 0u);
  EXPECT_EQ(RingPart::over(part.bytes(17))->missing(), 17u);
  EXPECT_EQ(RingPart::over(part.bytes(0))->missing(), 1u);  // there were some
  EXPECT_EQ(walked(part.bytes(17)), "11:1*4 end");
}

TEST(RingPart, NothingLeadsOutOfIt) {
  const ByteVector whole = MadePart(10).event(1, four(1)).bytes();
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(walked(ByteVector(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))), "no part") << size;
  EXPECT_EQ(walked(MadePart(10).word(5).bytes()), "damaged");          // 20 bytes, of which there are none
  EXPECT_EQ(walked(MadePart(10).word(0).word(2).bytes()), "damaged");  // shorter than its own length
  EXPECT_EQ(walked(MadePart(10).word(0).word(4000).bytes()), "damaged");
  EXPECT_EQ(walked(MadePart(10).word(kPadding | 1 << 5).word(64).bytes()), "damaged");
  EXPECT_EQ(walked(MadePart(10).word(kExtend).bytes()), "damaged");
}

}  // namespace
}  // namespace ktstr
