// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/bpf_source.h"

#include <gmock/gmock.h>

#include "trace/events.h"
#include "trace/testing/kernel_memory.h"

namespace ktstr {
namespace {

using testing::ElementsAre;

// One function with two lines, which uses an array map of two values, of 8 bytes each, without types.
class BpfSourceTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kList = KernelMemory::kImage + 0x100, kAux = KernelMemory::kImage + 0x1000,
                                 kTable = KernelMemory::kImage + 0x2000, kMap = KernelMemory::kImage + 0x3000,
                                 kTypes = KernelMemory::kImage + 0x4000;

  BpfSourceTest() {
    memory_.put(kList, kAux);
    memory_.put(kAux, kList);
    memory_.put(kAux + 16, kBpfRange.first);
    memory_.put(kAux + 24, kBpfRange.first + 0x80);
    memory_.put(kAux + 32, 1);
    memory_.put_text(kAux + 40, "bpf_prog_0123456789abcdef_take_mail");
    memory_.put(kAux + 200, kAux + 0x400);
    memory_.put(kAux + 0x400, std::uint64_t{27} << 32);
    memory_.put(kAux + 300, kTable);
    memory_.put(kAux + 308, kTable + 0x100);
    memory_.put(kAux + 316, 2);
    memory_.put(kAux + 324, kTypes);
    memory_.put(kAux + 332, kTable + 0x200);
    memory_.put(kAux + 340, 1);
    put_line(0, 1, 16, 30);
    put_line(1, 1, 24, 31);
    memory_.put(kTable + 0x100, kBpfRange.first + 4);
    memory_.put(kTable + 0x108, kBpfRange.first + 0x20);
    memory_.put(kTypes + 16, kTypes + 0x100);
    memory_.put_text(kTypes + 0x101, "a.bpf.c");
    memory_.put_text(kTypes + 0x110, "\tif (x)");
    memory_.put_text(kTypes + 0x118, "  y = 1;");
    memory_.put(kTable + 0x200, kMap);
    memory_.put_text(kMap, "boxes");
    memory_.put(kMap + 16, std::uint64_t{2} << 32 | 2);
    memory_.put(kMap + 24, 0);
    memory_.put(kMap + 32, std::uint64_t{8} << 32);
  }
  void put_line(std::uint64_t number, std::uint64_t file, std::uint64_t text, std::uint64_t line) {
    memory_.put(kTable + number * 16, file << 32);
    memory_.put(kTable + number * 16 + 8, line << 42 | text);
  }
  std::vector<std::string> found() {
    std::vector<std::string> all;
    for (const TraceEvent& event : bpf_source(7, memory_.space(), layout_).events) {
      EXPECT_EQ(event.time_ns, 7u);
      if (event.kind == TraceKind::kFunctionSeen) all.push_back(event_as<trace::FunctionSeen>(event).name.str());
      if (event.kind == TraceKind::kDataSeen) all.push_back(event_as<trace::DataSeen>(event).name.str());
      if (event.kind != TraceKind::kBpfLineSeen) continue;
      const auto seen = event_as<trace::BpfLineSeen>(event);
      all.push_back(
          fmt::format("{:x} {}:{} {}", seen.start - kBpfRange.first, seen.file.str(), seen.line, seen.text.str()));
    }
    return all;
  }

  KernelMemory memory_;
  BpfSourceLayout layout_{
      .functions = {.symbols = kList,
                    .link = 0,
                    .start = 16,
                    .end = 24,
                    .name = 40,
                    .name_bytes = 128,
                    .is_program = 32,
                    .symbol_of_aux = 0,
                    .program_of_aux = 200,
                    .method_of_aux = 208,
                    .type = 4,
                    .struct_ops = 27},
      .aux = {.lines = 300, .line_starts = 308, .line_count = 316, .btf = 324, .maps = 332, .map_count = 340},
      .btf = {.data = 0, .bytes = 8, .strings = 16},
      .map = {.name = 0,
              .name_bytes = 16,
              .type = 16,
              .entries = 20,
              .btf = 24,
              .value_type = 32,
              .key_bytes = 44,
              .value_bytes = 48},
      .array = {.element_bytes = 36, .values = 40},
      .type_of_arrays = 2,
      .scattered = {1, 0, 0, 0},
      .key_of_element = 48,
      .type_of_arenas = 33,
      .area_of_arena = 56,
      .address_of_area = 8};
};

TEST_F(BpfSourceTest, FunctionsLinesAndMaps) {
  EXPECT_THAT(found(), ElementsAre("take_mail", "4 a.bpf.c:30 if (x)", "20 a.bpf.c:31 y = 1;", "boxes"));
}

TEST_F(BpfSourceTest, WhatAGuestClaimsEnds) {
  memory_.put(kAux + 316, UINT32_MAX);  // lines
  memory_.put(kAux + 340, UINT32_MAX);  // maps
  memory_.put(kMap + 20, UINT32_MAX);   // entries
  EXPECT_LE(found().size(), 20u);
}

TEST_F(BpfSourceTest, ValuesOfAHashMapHaveNoPlaceYet) {
  memory_.put(kMap + 16, std::uint64_t{2} << 32 | 1);
  memory_.put(kMap + 44, std::uint64_t{24} << 32 | 4);
  EXPECT_THAT(found(), ElementsAre("take_mail", testing::_, testing::_));
  const auto maps = bpf_source(7, memory_.space(), layout_).scattered;
  ASSERT_EQ(maps.size(), 1u);
  EXPECT_EQ(maps[0].address, kMap);
  EXPECT_EQ(maps[0].name, "boxes");
  EXPECT_EQ(maps[0].value_bytes, 24u);
  EXPECT_EQ(maps[0].value_offset, 56u);
}

TEST_F(BpfSourceTest, AnArenaIsWhereTheKernelHasMappedIt) {
  memory_.put(kMap + 16, std::uint64_t{2} << 32 | 33);
  EXPECT_THAT(found(), ElementsAre("take_mail", testing::_, testing::_)) << "not mapped";
  memory_.put(kMap + 56, kTable + 0x300);
  memory_.put(kTable + 0x308, 0xffffc90000000000);
  EXPECT_THAT(found(), ElementsAre("take_mail", testing::_, testing::_, "boxes"));
  const auto seen = event_as<trace::DataSeen>(bpf_source(7, memory_.space(), layout_).events.back());
  EXPECT_EQ(seen.start, 0xffffc90000000000);
  EXPECT_GE(seen.bytes, std::uint64_t{4} << 30);
}

TEST_F(BpfSourceTest, OtherMapsHaveNoName) {
  memory_.put(kMap + 16, std::uint64_t{2} << 32 | 6);  // BPF_MAP_TYPE_PERCPU_ARRAY
  EXPECT_THAT(found(), ElementsAre("take_mail", testing::_, testing::_));
  EXPECT_TRUE(bpf_source(7, memory_.space(), layout_).scattered.empty());
}

}  // namespace
}  // namespace ktstr
