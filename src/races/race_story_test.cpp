// SPDX-License-Identifier: Apache-2.0
#include "races/race_story.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "trace/trace_file.h"

namespace ktstr {
namespace {

using control::HoldChange;

constexpr std::uint64_t kStoryCode = 0xffffffffa0000000, kStoryFlag = 0xffffc90000001000;

trace::Held held_event(HoldChange change, std::uint64_t place) {
  return {.hold = 0,
          .change = static_cast<std::uint32_t>(change),
          .vcpu = 0,
          .place = place,
          .address = kStoryFlag,
          .times = 8};
}

TEST(RaceStoryTest, SaysWhoStoodWhereAndWhatCameBetween) {
  const auto dir = TempDir::create(fs::temp_directory_path(), "race-story");
  const fs::path file = dir->path() / kTraceFileName;
  auto writer = *TraceWriter::create(file, {.kernel = "7", .cpus = 2});
  trace::FunctionSeen function{.start = kStoryCode, .end = kStoryCode + 0x100, .name = {}};
  put_text("take", function.name);
  writer.add(make_event(0, 0, function));
  for (std::uint32_t line = 1; line < 4; ++line) {
    trace::BpfLineSeen seen{.start = kStoryCode + line * 16, .line = line, .file = {}, .text = {}};
    put_text("a.c", seen.file);
    writer.add(make_event(0, 0, seen));
  }
  trace::DataSeen data{.number = 0, .start = kStoryFlag, .bytes = 4, .element = 0, .name = {}};
  put_text("flag", data.name);
  writer.add(make_event(0, 0, data));
  writer.add(make_event(100, 0, held_event(HoldChange::kBegins, kStoryCode + 0x20)));
  writer.add(make_event(300, 1, held_event(HoldChange::kMet, kStoryCode + 0x30)));
  writer.add(make_event(400, 0, held_event(HoldChange::kBegins, kStoryCode + 0x20)));
  writer.add(make_event(1000, 1, trace::Switch{}));
  ASSERT_TRUE(writer.finish());

  const auto story = race_story(file, "take+0x10 to take+0x20 until write");
  ASSERT_TRUE(story) << story.error().message();
  ASSERT_EQ(story->stops.size(), 2u);
  const RaceStop& stop = story->stops[0];
  EXPECT_EQ(stop.cpu, 0u);
  EXPECT_EQ(stop.variable, "flag");
  EXPECT_EQ(stop.times, 8u);
  EXPECT_EQ(stop.to_ns - stop.from_ns, 200u);
  EXPECT_EQ(to_text(stop.after), "take, a.c:1: ");
  EXPECT_EQ(stop.before.line.line, 2u);
  EXPECT_EQ(stop.end, HoldChange::kMet);
  EXPECT_EQ(stop.other_cpu, 1u);
  EXPECT_EQ(stop.between.line.line, 3u);
  EXPECT_EQ(story->stops[1].end, HoldChange::kBegins);
  EXPECT_EQ(story->stops[1].to_ns, 1000u) << "it stood there until the run ended";
}

TEST(RaceStoryTest, WhereNobodyWasHeldThereIsNone) {
  const auto dir = TempDir::create(fs::temp_directory_path(), "race-story");
  const fs::path file = dir->path() / kTraceFileName;
  auto writer = *TraceWriter::create(file, {.kernel = "7", .cpus = 2});
  ASSERT_TRUE(writer.finish());
  EXPECT_EQ(race_story(file, "").error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace ktstr
