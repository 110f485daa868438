// SPDX-License-Identifier: Apache-2.0
#include "base/text/duration.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

using namespace std::chrono_literals;

TEST(ParseDuration, ReadsWholeAndDecimalNumbersInEachUnit) {
  EXPECT_EQ(*parse_duration("50ms"), 50ms);
  EXPECT_EQ(*parse_duration("200us"), 200us);
  EXPECT_EQ(*parse_duration("1s"), 1s);
  EXPECT_EQ(*parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(*parse_duration("0.1s"), 100ms);
  EXPECT_EQ(*parse_duration("7ns"), 7ns);
  EXPECT_EQ(*parse_duration("5m"), 5min);
  EXPECT_EQ(*parse_duration("1.5h"), 90min);
  EXPECT_EQ(*parse_duration("0.001000us"), 1ns);
}

TEST(ParseDuration, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "5", "ms", "-1s", "+1s", "1.s", ".5s", "1.5.5s", "1 s", "1d", "0.5ns", "1e3s", "1sx",
                           "9223372037s", "99999999999999999999ns"})
    EXPECT_EQ(parse_duration(text).error().code(), ErrorCode::kInvalidArgument) << text;
}

TEST(FormatDuration, UsesTheLargestUnitAndLosesNothing) {
  EXPECT_EQ(format_duration(50ms), "50ms");
  EXPECT_EQ(format_duration(1500ms), "1.5s");
  EXPECT_EQ(format_duration(1234567ns), "1.234567ms");
  EXPECT_EQ(format_duration(0ns), "0s");
  EXPECT_EQ(format_duration(-2ms), "-2ms");
  EXPECT_EQ(format_duration(2min), "120s") << "minutes are read, and not written";
}

TEST(FormatDuration, WritesWhatParseDurationReads) {
  for (const auto duration : {1ns, 999ns, 1001ns, 12345678901ns, std::chrono::nanoseconds::max()})
    EXPECT_EQ(*parse_duration(format_duration(duration)), duration) << duration.count();
}

}  // namespace
}  // namespace ktstr
