// SPDX-License-Identifier: Apache-2.0
#include "replay/perfetto_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replay/proto_reader.h"
#include "trace/export/perfetto_fields.h"
#include "trace/export/proto_writer.h"

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = RecordedEvent::Kind;

// A bundle of one CPU, in a packet.
template <typename Fill>
void add_bundle(ProtoWriter& out, Fill&& fill) {
  const std::size_t packet = out.open(pb::trace::kPacket), bundle = out.open(pb::packet::kFtraceEvents);
  out.number(pb::bundle::kCpu, 2);
  fill();
  out.close(bundle);
  out.close(packet);
}

void add_switch(ProtoWriter& out, std::uint64_t time, std::int32_t prev, std::int64_t state, std::int32_t next) {
  const std::size_t event = out.open(pb::bundle::kEvent);
  out.number(pb::ftrace::kTimestamp, time);
  out.number(pb::ftrace::kPid, prev);
  const std::size_t fields = out.open(pb::ftrace::kSchedSwitch);
  out.text(pb::sched_switch::kPrevComm, "before");
  out.number(pb::sched_switch::kPrevPid, prev);
  out.number(pb::sched_switch::kPrevState, state);
  out.text(pb::sched_switch::kNextComm, "after");
  out.number(pb::sched_switch::kNextPid, next);
  out.number(pb::sched_switch::kNextPrio, 110);
  out.close(fields);
  out.close(event);
}

void add_waking(ProtoWriter& out, std::uint64_t time, std::int32_t pid) {
  const std::size_t event = out.open(pb::bundle::kEvent);
  out.number(pb::ftrace::kTimestamp, time);
  const std::size_t fields = out.open(pb::ftrace::kSchedWaking);
  out.text(pb::waking::kComm, "woken");
  out.number(pb::waking::kPid, pid);
  out.number(pb::waking::kPrio, 120);
  out.close(fields);
  out.close(event);
}

void add_list(ProtoWriter& out, std::uint32_t field, const std::vector<std::uint64_t>& values) {
  std::string packed;
  for (std::uint64_t value : values) {
    for (; value >= 0x80; value >>= 7) packed += static_cast<char>(value | 0x80);
    packed += static_cast<char>(value);
  }
  out.text(field, packed);
}

constexpr std::uint32_t kCompactSchedField = 4, kLostField = 3;

TEST(PerfettoTrace, TakesEventsOneByOne) {
  ProtoWriter out;
  add_bundle(out, [&] {
    add_switch(out, 3000, 12, 1, 34);
    add_waking(out, 1000, 34);
    add_switch(out, 4000, 34, 0x100, 0);
  });
  const auto recording = read_perfetto(out.bytes());
  ASSERT_TRUE(recording) << recording.error().render();
  ASSERT_EQ(recording->events.size(), 3u);
  EXPECT_EQ(recording->events[0].kind, Kind::kWakeup);
  EXPECT_TRUE(recording->events[0].by_task);
  EXPECT_EQ(recording->events[0].to, 34);
  const RecordedEvent& switched = recording->events[1];
  EXPECT_EQ(switched.cpu, 2);
  EXPECT_EQ(switched.from, 12);
  EXPECT_EQ(switched.to, 34);
  EXPECT_EQ(switched.priority, 110);
  EXPECT_TRUE(switched.sleeps);
  EXPECT_FALSE(recording->events[2].sleeps) << "it was preempted";
  EXPECT_EQ(recording->names.at(12), "before");
  EXPECT_THAT(recording->notes, IsEmpty());
}

TEST(PerfettoTrace, TakesCompactEvents) {
  ProtoWriter out;
  add_bundle(out, [&] {
    out.number(kLostField, 1);
    const std::size_t compact = out.open(kCompactSchedField);
    out.text(5, "one");
    out.text(5, "two");
    add_list(out, 1, {1000, 500, 500});
    add_list(out, 2, {1, 0, 2});
    add_list(out, 3, {12, 34, 0});
    add_list(out, 4, {120, 110, 120});
    add_list(out, 6, {0, 1, 1});
    add_list(out, 7, {1200, 200});
    add_list(out, 8, {34, 12});
    add_list(out, 9, {0, 1});
    add_list(out, 10, {110, 120});
    add_list(out, 11, {1, 0});
    add_list(out, 12, {1, 0x11});
    out.close(compact);
  });
  const auto recording = read_perfetto(out.bytes());
  ASSERT_TRUE(recording) << recording.error().render();
  ASSERT_EQ(recording->events.size(), 5u);
  EXPECT_EQ(recording->losses, 1u);
  EXPECT_TRUE(recording->knows_interrupts);
  EXPECT_THAT(recording->notes, IsEmpty());
  EXPECT_EQ(recording->events[1].to, 34);
  EXPECT_TRUE(recording->events[1].by_task);
  EXPECT_FALSE(recording->events[2].by_task) << "by a soft interrupt";
  EXPECT_EQ(recording->events[3].from, kWhoeverRan);
  EXPECT_EQ(recording->events[3].time_ns, 1500u);
  EXPECT_FALSE(recording->events[3].sleeps);
  EXPECT_TRUE(recording->events[4].sleeps);
  EXPECT_EQ(recording->names.at(34), "two");
}

TEST(PerfettoTrace, SaysWhatItCannotRead) {
  ProtoWriter out;
  add_bundle(out, [&] { add_switch(out, 3000, 12, 1, 34); });
  const std::size_t whole = out.bytes().size();
  add_bundle(out, [&] {
    const std::size_t compact = out.open(kCompactSchedField);
    add_list(out, 1, {1000, 500});
    add_list(out, 3, {12});
    out.close(compact);
  });
  const std::size_t packet = out.open(pb::trace::kPacket);
  out.text(50, "compressed");
  out.close(packet);
  const auto recording = read_perfetto(out.bytes());
  ASSERT_TRUE(recording) << recording.error().render();
  EXPECT_THAT(recording->notes, ElementsAre(HasSubstr("1 compressed packets"), "1 parts of it cannot be read"));
  const auto cut = read_perfetto(out.bytes().first(whole + 5));
  ASSERT_TRUE(cut) << cut.error().render();
  EXPECT_THAT(cut->notes, ElementsAre(fmt::format("it is damaged or cut short at byte {}", whole)));
  EXPECT_FALSE(read_perfetto(out.bytes().first(3)));
  EXPECT_FALSE(read_perfetto({}));
}

TEST(ProtoReader, StaysWithinItsBytes) {
  const auto fields_of = [](std::initializer_list<int> list) {
    ByteVector bytes;
    for (const int byte : list) bytes.push_back(static_cast<std::byte>(byte));
    ProtoReader reader(bytes);
    ProtoField field;
    int fields = 0;
    while (reader.next(field)) ++fields;
    return reader.failed() ? -1 : fields;
  };
  EXPECT_EQ(fields_of({}), 0);
  EXPECT_EQ(fields_of({0x08, 0x01, 0x12, 0x01, 0x41, 0x1d, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8}), 4);
  EXPECT_EQ(fields_of({0x08}), -1);
  EXPECT_EQ(fields_of({0x08, 0x80}), -1);
  EXPECT_EQ(fields_of({0x12, 0x02, 0x41}), -1);
  EXPECT_EQ(fields_of({0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}), -1);
  EXPECT_EQ(fields_of({0x1d, 1, 2, 3}), -1);
  EXPECT_EQ(fields_of({0x21, 1, 2, 3}), -1);
  EXPECT_EQ(fields_of({0x00, 0x01}), -1);
  EXPECT_EQ(fields_of({0x0b}), -1);
}

}  // namespace
}  // namespace ktstr
