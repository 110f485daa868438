// SPDX-License-Identifier: Apache-2.0
#include "runner/guest_tracing.h"

#include <gmock/gmock.h>

#include <fstream>

#include "trace/testing/made_ring.h"

namespace ktstr {
namespace {

using Part = TracingRecord::Part;
using ::testing::HasSubstr;

class GuestTracingTest : public ::testing::Test {
 protected:
  GuestTracingTest() { EXPECT_TRUE(tracing_.open(directory_.path())); }
  Status say(Part part, std::vector<std::uint64_t> numbers, std::string name = "", std::string data = "") {
    const TracingRecord said{part, std::move(numbers), std::move(name), std::move(data)};
    return tracing_.take({RecordType::kTracing, mailbox::Lane::kAgent, 0, 50, encode(said)});
  }
  void say_pages(std::uint64_t cpu, const std::vector<ByteVector>& parts) {
    EXPECT_TRUE(say(Part::kPages, {cpu}, "", std::string(as_text(made_pages(parts)))));
  }
  void say_formats() {
    EXPECT_TRUE(say(Part::kFormat, {}, "header_page", header_page_format()));
    EXPECT_TRUE(say(Part::kFormat, {}, "sched/sched_switch", switch_format()));
    EXPECT_TRUE(say(Part::kAbsent, {}, "task/task_rename", "this kernel has no such event"));
  }
  fs::path file() const { return directory_.path() / kTraceFileName; }

  TempDir directory_ = *TempDir::create(fs::temp_directory_path(), "ktstr-guest-tracing");
  GuestTracing tracing_{2};
};

TEST_F(GuestTracingTest, MakesTheRecordersFileOfWhatTheGuestSends) {
  say_formats();
  ASSERT_TRUE(say(Part::kCgroup, {1, 0}));
  ASSERT_TRUE(say(Part::kTask, {7, 7, 1, 1, 1, 3, 0, 0, 0}, "load/0"));
  ASSERT_TRUE(say(Part::kClass, {TracingRecord::kByBpf}));
  say_pages(1, {MadePart(100).event(5, switch_event("load/0", 7, 1, "b", 8)).bytes()});
  say_pages(0, {MadePart(60).event(1, switch_event("swapper/0", 0, 0, "c", 9)).bytes(2)});
  ASSERT_TRUE(tracing_.finish(file(), "6.12"));
  EXPECT_EQ(tracing_.why_not_all(), "");
  EXPECT_EQ(tracing_.lost(), 2u);
  auto reader = TraceReader::open(file());
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_EQ(reader->header().source, "tracefs");
  std::uint64_t events = 0, last = 0;
  for (auto event = reader->next(); event && *event; event = reader->next(), ++events) {
    EXPECT_GE((*event)->time_ns, last);
    last = (*event)->time_ns;
  }
  EXPECT_EQ(events, tracing_.events());
  EXPECT_EQ(last, 105u);
  // All else that it was made of is gone.
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_.path()), {}), 1);
}

TEST_F(GuestTracingTest, SaysWhyThereIsNone) {
  ASSERT_TRUE(say(Part::kAbsent, {}, "", "cannot make /sys/kernel/tracing/instances/ktstr"));
  ASSERT_TRUE(tracing_.finish(file(), "6.12"));
  EXPECT_THAT(tracing_.why_not_all(), HasSubstr("cannot make /sys/kernel/tracing"));
  EXPECT_EQ(tracing_.events(), 0u);
  EXPECT_FALSE(fs::exists(file()));
}

TEST_F(GuestTracingTest, AGuestThatNeverBeganHasNone) {
  ASSERT_TRUE(tracing_.finish(file(), "6.12"));
  EXPECT_THAT(tracing_.why_not_all(), HasSubstr("did not come to where"));
}

TEST_F(GuestTracingTest, WhatIsDamagedOrTooMuchIsReported) {
  say_formats();
  say_pages(0, {MadePart(100).event(5, switch_event("a", 7, 1, "b", 8)).word(20).bytes()});
  ASSERT_TRUE(say(Part::kFull, {}));
  ASSERT_TRUE(tracing_.finish(file(), "6.12"));
  EXPECT_THAT(tracing_.why_not_all(), HasSubstr("became larger"));
  EXPECT_GT(tracing_.events(), 0u);
  const auto reader = TraceReader::open(file());
  ASSERT_TRUE(reader);
  EXPECT_TRUE(reader->header().has_holes());
}

// Paths are made of parents: a chain of them would be as large as the square of its length.
TEST_F(GuestTracingTest, AChainOfCgroupsIsNoMemory) {
  say_formats();
  ASSERT_TRUE(say(Part::kCgroup, {1, 0}));
  for (std::uint64_t i = 2; i < 20'000; ++i) ASSERT_TRUE(say(Part::kCgroup, {i, i - 1}, std::string(32, 'x')));
  ASSERT_TRUE(tracing_.finish(file(), "6.12"));
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("VmHWM:")) continue;
    EXPECT_LT(std::stoul(line.substr(6)), 1'000'000UL) << "KiB";
  }
}

TEST_F(GuestTracingTest, RefusesWhatNoAgentSays) {
  for (const auto& [part, count] : {std::pair(Part::kTask, 8), std::pair(Part::kCgroup, 1), std::pair(Part::kClass, 0),
                                    std::pair(Part::kPages, 2), std::pair(Part::kLost, 1)}) {
    const Status said = say(part, std::vector<std::uint64_t>(static_cast<std::size_t>(count)));
    ASSERT_FALSE(said) << to_string(part);
    EXPECT_EQ(said.error().code(), ErrorCode::kCorruptData);
  }
}

TEST_F(GuestTracingTest, KeepsNoMoreThanItsLimit) {
  const TracingRecord many{Part::kFormat, {}, "none", std::string(std::size_t{1'000'000}, 'x')};
  const Record record{RecordType::kTracing, mailbox::Lane::kAgent, 0, 50, encode(many)};
  Status said = ok();
  for (int i = 0; i < 300 && said; ++i) said = tracing_.take(record);
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().code(), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace ktstr
