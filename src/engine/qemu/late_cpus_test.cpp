// SPDX-License-Identifier: Apache-2.0
#include "engine/qemu/late_cpus.h"

#include <gtest/gtest.h>

#include <numeric>

namespace ktstr {
namespace {

unsigned u8(const ByteVector& bytes, std::size_t at) { return std::to_integer<unsigned>(bytes.at(at)); }

std::uint32_t u32(const ByteVector& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | u8(bytes, at + i);
  return value;
}

TEST(InterruptControllerTable, ListsEachCpuAsEnabled) {
  const ByteVector table = interrupt_controller_table({1, 2, 3, 1});
  EXPECT_EQ(as_text(ByteSpan(table).first(4)), "APIC");
  EXPECT_EQ(u32(table, 4), table.size());
  EXPECT_EQ(std::accumulate(table.begin(), table.end(), 0u,
                            [](unsigned sum, std::byte b) { return sum + std::to_integer<unsigned>(b); }) %
                256,
            0u);
  std::vector<unsigned> ids;
  std::size_t at = 44, io_apics = 0;
  for (; at < table.size(); at += u8(table, at + 1)) {
    ASSERT_GT(u8(table, at + 1), 1u) << "at " << at;
    if (u8(table, at) == 0) {
      EXPECT_EQ(u8(table, at + 2), ids.size());
      EXPECT_EQ(u32(table, at + 4), 1u);
      ids.push_back(u8(table, at + 3));
    }
    io_apics += u8(table, at) == 1;
  }
  EXPECT_EQ(at, table.size());
  EXPECT_EQ(ids, (std::vector<unsigned>{0, 1, 2, 4, 5, 6}));
  EXPECT_EQ(io_apics, 1u);
}

TEST(LateCpusArguments, LeaveSpeedToTheKernelWhereItsTickIsNotKnown) {
  EXPECT_EQ(late_cpus_arguments(0), "maxcpus=2 acpi_apic_instance=2 tsc=reliable");
  EXPECT_EQ(late_cpus_arguments(250), "maxcpus=2 acpi_apic_instance=2 tsc=reliable lpj=4000000");
}

}  // namespace
}  // namespace ktstr
