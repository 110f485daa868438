// SPDX-License-Identifier: Apache-2.0
#include "trace/tracefs/event_format.h"

#include <gmock/gmock.h>

#include "trace/testing/made_ring.h"

namespace ktstr {
namespace {

using ::testing::HasSubstr;

TEST(EventFormat, IsReadFromTheKernelsText) {
  const auto format = parse_event_format(switch_format());
  ASSERT_TRUE(format) << format.error().message();
  EXPECT_EQ(format->name, "sched_switch");
  EXPECT_EQ(format->id, 316u);
  EXPECT_EQ(format->fields.size(), 11u);
  EXPECT_EQ(*format->field("prev_comm"), (FormatField{"prev_comm", 8, 16, false, true, false}));
  EXPECT_EQ(*format->field("next_pid"), (FormatField{"next_pid", 56, 4, true, false, false}));
  EXPECT_THAT(format->print, HasSubstr("{ 0x00000010, \"X\" }"));
  EXPECT_EQ(format->field("none"), nullptr);
}

TEST(EventFormat, KnowsATextThatIsElsewhereInTheEvent) {
  const auto format = parse_event_format(move_format());
  ASSERT_TRUE(format);
  EXPECT_EQ(*format->field("dst_path"), (FormatField{"dst_path", 28, 4, false, false, true}));
  ByteVector event = MadeEvent(kMoveId).number32(0).number32(2).number64(77).number32(9).number32(36 | 5 << 16).bytes();
  event.resize(36);
  const std::string_view path = "/a/b";
  event.insert(event.end(), as_byte_span(path).begin(), as_byte_span(path).end());
  event.push_back(std::byte{0});
  EXPECT_EQ(text_in(event, *format->field("dst_path")), "/a/b");
  event.pop_back();
  EXPECT_EQ(text_in(event, *format->field("dst_path")), std::nullopt);
}

TEST(EventFormat, NumbersHaveTheirSignAndEndWithTheEvent) {
  const FormatField is_signed{.name = "a", .offset = 2, .size = 2, .is_signed = true};
  const ByteVector bytes{std::byte{1}, std::byte{0}, std::byte{0xfe}, std::byte{0xff}};
  EXPECT_EQ(number_in(bytes, is_signed), static_cast<std::uint64_t>(-2));
  EXPECT_EQ(number_in(bytes, {.name = "a", .offset = 2, .size = 2}), 0xfffeu);
  EXPECT_EQ(number_in(bytes, {.name = "a", .offset = 3, .size = 2}), std::nullopt);
  EXPECT_EQ(number_in(bytes, {.name = "a", .offset = 60000, .size = 2}), std::nullopt);
  EXPECT_EQ(number_in(bytes, {.name = "a", .offset = 0, .size = 16}), std::nullopt);
}

TEST(EventFormat, RefusesWhatNoKernelWrites) {
  for (const char* const text : {"", "name: a\nID: 1\nformat:\n", "field:int a;\toffset:0;\n",
                                 "field:int a;\toffset:-1;\tsize:4;\n", "field:int a;\toffset:0;\tsize:4000000000;\n",
                                 "ID: x\nfield:int a;\toffset:0;\tsize:4;\n", "field:;\toffset:0;\tsize:4;"})
    EXPECT_FALSE(parse_event_format(text)) << text;
  EXPECT_FALSE(parse_event_format(std::string(1 << 20, 'a')));
}

}  // namespace
}  // namespace ktstr
