// SPDX-License-Identifier: Apache-2.0
#include "trace/tracefs/probe_events.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using control::Source;
using control::Step;
using ::testing::ElementsAre;

control::Probe probe(TraceKind kind, std::uint64_t address, std::initializer_list<Step> steps) {
  control::Probe made{.address = address, .kind = static_cast<std::uint32_t>(kind)};
  for (const Step& step : steps) made.step[made.steps++] = step;
  return made;
}

Step step(Source source, std::uint8_t index, std::uint8_t bytes, std::uint8_t keep, std::uint64_t address) {
  return {.source = source, .index = index, .bytes = bytes, .keep = keep, .address = address};
}

TEST(ProbeEvents, ReadWhatTheRecorderReads) {
  KernelProbes kernel;
  kernel.probes = {probe(TraceKind::kSwitch, 0x10, {}),  // the kernel has an event for it
                   probe(TraceKind::kNice, 0xffffffff81001000,
                         {step(Source::kRegister, 0, 4, 1, 1384), step(Source::kRegister, 1, 0, 1, 0)}),
                   probe(TraceKind::kThrottle, 0xffffffff81002000,
                         {step(Source::kRegister, 0, 8, 0, 16), step(Source::kEarlier, 0, 0, 0, 8),
                          step(Source::kEarlier, 1, 8, 1, static_cast<std::uint64_t>(-16)),
                          step(Source::kAddress, 0, 0, 1, 5), step(Source::kAddress, 0, 4, 1, 0xffffffff82000000)})};
  EXPECT_THAT(probe_events(kernel),
              ElementsAre("p:ktstr/nice_1 0xffffffff81001000 v0=+1384(%di):u32 v1=%si:u64 b0=%di:u64",
                          "p:ktstr/throttle_2 0xffffffff81002000 v0=-8(+16(%di)):u64 v1=\\5 v2=@0xffffffff82000000:u32 "
                          "b0=%di:u64"));
}

TEST(ProbeEvents, LeaveOutWhatCannotBeWrittenSo) {
  KernelProbes kernel;
  // A number that something is added to; a look through 4 bytes; a step that is none; a path that is too long.
  control::Probe deep = probe(TraceKind::kNice, 4, {step(Source::kRegister, 0, 8, 0, 1 << 20)});
  for (std::uint8_t i = 0; i < 10; ++i) deep.step[deep.steps++] = step(Source::kEarlier, i, 8, i == 9 ? 1 : 0, 1 << 20);
  kernel.probes = {
      probe(TraceKind::kNice, 1, {step(Source::kRegister, 0, 0, 1, 8)}),
      probe(TraceKind::kNice, 2, {step(Source::kRegister, 0, 4, 0, 8), step(Source::kEarlier, 0, 8, 1, 0)}),
      probe(TraceKind::kNice, 3, {step(Source::kEarlier, 0, 8, 1, 0)}), deep};
  EXPECT_TRUE(probe_events(kernel).empty());
}

TEST(ProbeEvents, AreKnownByTheirNames) {
  EXPECT_EQ(kind_of_probe_event("ktstr/dsq_insert_vtime_12"), TraceKind::kDsqInsertVtime);
  EXPECT_EQ(kind_of_probe_event("ktstr/switch_1"), std::nullopt);
  EXPECT_EQ(kind_of_probe_event("sched/nice_1"), std::nullopt);
  EXPECT_EQ(kind_of_probe_event("ktstr/"), std::nullopt);
}

}  // namespace
}  // namespace ktstr
