// SPDX-License-Identifier: Apache-2.0
#include "replay/recording_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ktstr {
namespace {

using testing::HasSubstr;

std::string format_of_text(std::string_view text) {
  const auto format = recording_format(as_byte_span(text));
  return format ? std::string(to_string(*format)) : format.error().message();
}

TEST(RecordingFormat, IsToldByHowTheFileBegins) {
  EXPECT_EQ(format_of_text("KTSTRTRC\x01"), "ktstr");
  EXPECT_EQ(format_of_text("{ \"tasks\": 1 }"), "rt-app");
  EXPECT_EQ(format_of_text("\n\n /* x */ {"), "rt-app");
  EXPECT_EQ(format_of_text("// x"), "rt-app");
  EXPECT_EQ(format_of_text("# tracer: nop\n"), "text");
  EXPECT_EQ(format_of_text("\n  a-12 [001]"), "text");
  EXPECT_EQ(format_of_text(std::string_view("\n\x05\x08\x00\x12\x01x", 7)), "perfetto");
}

TEST(RecordingFormat, SaysWhatToDoWithOthers) {
  EXPECT_EQ(format_of_text("PERFILE2xxxx"), "it is perf's own format");
  EXPECT_THAT(recording_format(as_byte_span("PERFILE2xxxx")).error().hint(), HasSubstr("perf script"));
  EXPECT_THAT(recording_format(as_byte_span("\x17\x08\x44tracing6")).error().hint(), HasSubstr("trace-cmd report"));
  EXPECT_THAT(format_of_text("\x1f\x8b\x08"), HasSubstr("compressed"));
  EXPECT_THAT(format_of_text(std::string_view("\x7f"
                                              "ELF\x02\x01\x00",
                                              7)),
              HasSubstr("neither text nor a trace"));
}

}  // namespace
}  // namespace ktstr
