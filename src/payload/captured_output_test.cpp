// SPDX-License-Identifier: Apache-2.0
#include "payload/captured_output.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace ktstr {
namespace {

TEST(CapturedOutput, GivesTheLastBytesAndTheWholeSize) {
  auto stream = CapturedStream::create("stdout");
  ASSERT_TRUE(stream) << stream.error().render();
  ASSERT_TRUE(write_all(stream->fd().get(), as_byte_span("0123456789")));
  EXPECT_EQ(*stream->size(), 10u);
  EXPECT_EQ(*stream->last(4), "6789");
  EXPECT_EQ(*stream->last(100), "0123456789");
}

TEST(CapturedOutput, TailsTheLastLinesOfBothStreams) {
  EXPECT_EQ(output_tail("", ""), "");
  EXPECT_EQ(output_tail("a\nb\n", ""), "a\nb");
  EXPECT_EQ(output_tail("", "e"), "e");
  EXPECT_EQ(output_tail("a\n", "e\n"), "a\ne");
  EXPECT_EQ(output_tail("\na", ""), "\na");
  std::string lines;
  for (int i = 1; i <= 12; ++i) lines += fmt::format("{}\n", i);
  EXPECT_EQ(output_tail(lines, ""), "3\n4\n5\n6\n7\n8\n9\n10\n11\n12");
  EXPECT_EQ(output_tail(std::string(100'000, 'x'), "").size(), 4096u);
}

}  // namespace
}  // namespace ktstr
