// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/handed_out.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "kernel/testing/real_kernels.h"
#include "kernel/testing/synthetic_image.h"
#include "trace/events.h"

namespace ktstr {
namespace {

constexpr std::uint64_t kMapOfTest = 0xffff888000001000, kValueOfTest = 0xffff888000002000,
                        kTaskOfTest = 0xffff888000003000;

// With the functions of a kernel that has these alone: bpf_task_storage_get(), __htab_map_lookup_elem() and what that
// goes on to.
class HandedOutTest : public testing::Test {
 protected:
  HandedOutTest() {
    synthetic::Elf elf;
    const std::uint64_t at = elf.next_address();
    elf.section(".rodata", synthetic::kallsyms({{"_text", synthetic::kTextAddress},
                                                {"bpf_task_storage_get", synthetic::kTextAddress + 0x100},
                                                {"__htab_map_lookup_elem", synthetic::kTextAddress + 0x140},
                                                {"lookup_nulls_elem_raw", synthetic::kTextAddress + 0x180},
                                                {"wake_up_new_task", synthetic::kTextAddress + 0x1c0}},
                                               synthetic::KallsymsFormat::kRelativeBase, at));
    const ByteVector image = elf.build();
    synthetic::BtfWriter types;
    types.structure("task_struct", 64, {{"on_cpu", types.integer("int", 4), 8 * 32}});
    handed_out_ = HandedOut(*KernelSymbols::from_image(*ElfFile::parse(image)), *Btf::parse(types.build()));
    const std::uint64_t tasks[] = {kTaskOfTest};
    begun_ = handed_out_.begin(
        1, {{.address = kMapOfTest, .number = 3, .name = "tasks", .value_bytes = 24, .value_offset = 56}}, tasks);
  }
  // What the probe of this number sees, with this in the register that it looks at.
  static TraceEvent seen(const control::Probe& probe, std::uint64_t value, std::uint64_t left = 0) {
    TraceEvent event{.time_ns = 5, .kind = TraceKind{static_cast<std::uint16_t>(probe.kind)}, .cpu = 1, .count = 3};
    event.values = {probe.step[0].address, probe.step[1].address, value, left};
    return event;
  }
  std::vector<std::string> follow(const TraceEvent& event) {
    std::vector<std::string> all;
    for (const TraceEvent& made : handed_out_.follow(event)) {
      const auto data = event_as<trace::DataSeen>(made);
      all.push_back(fmt::format("{} {:x} {} {}", data.name.str(), data.start, data.bytes, data.number));
    }
    return all;
  }
  HandedOut handed_out_;
  std::vector<TraceEvent> begun_;
};

TEST_F(HandedOutTest, AValueHasANameOnceItIsLookedUp) {
  ASSERT_EQ(handed_out_.probes().size(), 3u);
  ASSERT_EQ(handed_out_.ends().size(), 3u);
  const control::Probe &begins = handed_out_.probes()[0], &ends = handed_out_.ends()[0].probe;
  EXPECT_THAT(follow(seen(begins, kMapOfTest)), testing::IsEmpty());
  EXPECT_THAT(follow(seen(ends, kValueOfTest)), testing::ElementsAre("tasks ffff888000002000 24 3"));
  EXPECT_THAT(follow(seen(begins, kMapOfTest)), testing::IsEmpty());
  EXPECT_THAT(follow(seen(ends, kValueOfTest)), testing::IsEmpty()) << "known already";
}

TEST_F(HandedOutTest, AnElementOfAHashMapHoldsItsValueAfterTheKey) {
  const control::Probe &begins = handed_out_.probes()[1], &ends = handed_out_.ends()[1].probe,
                       &elsewhere = handed_out_.ends()[2].probe;
  follow(seen(begins, kMapOfTest));
  EXPECT_THAT(follow(seen(ends, kValueOfTest)), testing::ElementsAre("tasks ffff888000002038 24 3"));
  follow(seen(begins, kMapOfTest));
  EXPECT_THAT(follow(seen(ends, 0, control::kSomewhere)), testing::IsEmpty());
  EXPECT_THAT(follow(seen(elsewhere, kValueOfTest + 0x100)), testing::ElementsAre("tasks ffff888000002138 24 3"));
}

TEST_F(HandedOutTest, WhatIsNotFoundOrOfAnotherMapHasNoName) {
  const control::Probe &begins = handed_out_.probes()[0], &ends = handed_out_.ends()[0].probe;
  follow(seen(begins, kMapOfTest));
  EXPECT_THAT(follow(seen(ends, 0)), testing::IsEmpty());
  follow(seen(begins, kMapOfTest + 8));
  EXPECT_THAT(follow(seen(ends, kValueOfTest)), testing::IsEmpty());
  EXPECT_THAT(follow(seen(ends, kValueOfTest)), testing::IsEmpty()) << "its beginning was not seen";
}

TEST_F(HandedOutTest, TasksHaveTheNameOfTheirTypeAndItsMembers) {
  ASSERT_EQ(begun_.size(), 2u);
  const auto member = event_as<trace::MemberSeen>(begun_[0]);
  EXPECT_EQ(member.name.str(), "on_cpu");
  EXPECT_EQ(member.offset, 32u);
  const auto task = event_as<trace::DataSeen>(begun_[1]);
  EXPECT_EQ(task.number, member.of);
  EXPECT_EQ(task.start, kTaskOfTest);
  EXPECT_EQ(task.element, 64u);
  const control::Probe& made = handed_out_.probes()[2];
  EXPECT_THAT(follow(seen(made, kTaskOfTest)), testing::IsEmpty()) << "known already";
  EXPECT_THAT(follow(seen(made, kTaskOfTest + 64)),
              testing::ElementsAre(fmt::format("task_struct ffff888000003040 64 {}", member.of)));
}

using HandedOutByRealKernels = RealKernels;

TEST_F(HandedOutByRealKernels, HasProbes) {
  for (const auto& [entry, image, symbols, btf] : kernels()) {
    SCOPED_TRACE(entry.key);
    const HandedOut made(symbols, btf);
    for (const char* name : {"bpf_task_storage_get", "__htab_map_lookup_elem", "wake_up_new_task"}) {
      const std::uint64_t address = symbols.find(name)->address;
      const bool found = std::any_of(made.probes().begin(), made.probes().end(),
                                     [&](const control::Probe& one) { return one.address == address; });
      EXPECT_TRUE(found) << name;
    }
    EXPECT_LE(made.ends().size(), control::kMostExits / 4);
  }
}

}  // namespace
}  // namespace ktstr
