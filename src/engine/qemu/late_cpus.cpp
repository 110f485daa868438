// SPDX-License-Identifier: Apache-2.0
#include "engine/qemu/late_cpus.h"

#include <fmt/format.h>

#include <concepts>
#include <numeric>
#include <string_view>

#include "topology/apic_ids.h"

namespace ktstr {

namespace {

// The kernel takes a table of type, length and contents as it comes: little-endian, without gaps.
class Table {
 public:
  void text(std::string_view characters) {
    for (const char c : characters) bytes_.push_back(static_cast<std::byte>(c));
  }
  template <std::unsigned_integral T>
  void number(T value) {
    for (std::size_t i = 0; i < sizeof value; ++i) bytes_.push_back(static_cast<std::byte>(value >> (8 * i)));
  }
  void u8(unsigned value) { number(static_cast<std::uint8_t>(value)); }
  void u16(unsigned value) { number(static_cast<std::uint16_t>(value)); }
  void u32(std::uint32_t value) { number(value); }

  ByteVector finish() && {
    constexpr std::size_t kLength = 4, kChecksum = 9;
    for (std::size_t i = 0; i < 4; ++i) bytes_[kLength + i] = static_cast<std::byte>(bytes_.size() >> (8 * i));
    const auto sum = std::accumulate(bytes_.begin(), bytes_.end(), 0u, [](unsigned so_far, std::byte b) {
      return so_far + std::to_integer<unsigned>(b);
    });
    bytes_[kChecksum] = static_cast<std::byte>(0u - sum);
    return std::move(bytes_);
  }

 private:
  ByteVector bytes_;
};

enum Entry : unsigned { kLocalApic = 0, kIoApic = 1, kOverride = 2, kLocalNmi = 4 };
constexpr unsigned kEnabled = 1, kActiveHighLevel = 0xd;

void add_header(Table& table) {
  table.text("APIC");
  table.u32(0);  // length
  table.u8(3);   // revision
  table.u8(0);   // checksum
  table.text("KTSTR ");
  table.text("LATECPUS");
  table.u32(1);
  table.text("KTST");
  table.u32(1);
  table.u32(0xfee00000);  // local APICs
  table.u32(1);           // there are 8259s, too
}

void add_cpu(Table& table, std::uint32_t apic_id, unsigned uid) {
  table.u8(kLocalApic);
  table.u8(8);
  table.u8(uid);
  table.u8(apic_id);
  table.u32(kEnabled);
}

void add_override(Table& table, unsigned irq, std::uint32_t line, unsigned flags) {
  table.u8(kOverride);
  table.u8(10);
  table.u8(0);  // ISA
  table.u8(irq);
  table.u32(line);
  table.u16(flags);
}

// As QEMU wires a q35: one IO-APIC, the timer on its line 2, PCI's interrupts level-triggered.
void add_wiring(Table& table) {
  table.u8(kIoApic);
  table.u8(12);
  table.u8(0);
  table.u8(0);
  table.u32(0xfec00000);
  table.u32(0);
  add_override(table, 0, 2, 0);
  for (const unsigned irq : {5u, 9u, 10u, 11u}) add_override(table, irq, irq, kActiveHighLevel);
  table.u8(kLocalNmi);
  table.u8(6);
  table.u8(0xff);  // all CPUs
  table.u16(0);
  table.u8(1);  // LINT1
}

}  // namespace

ByteVector interrupt_controller_table(const Topology& topology) {
  Table table;
  add_header(table);
  const auto ids = apic_ids(topology);  // at most kLastApicId
  for (unsigned cpu = 0; cpu < ids.size(); ++cpu) add_cpu(table, ids[cpu], cpu);
  add_wiring(table);
  return std::move(table).finish();
}

std::string late_cpus_arguments(int hz) {
  // tsc=reliable: nor does each CPU compare its clock with the others', which are one. lpj: for delays by a TSC of 1
  // GHz.
  std::string text = fmt::format("maxcpus={} acpi_apic_instance=2 tsc=reliable", kBootCpus);
  if (hz > 0) text += fmt::format(" lpj={}", 1'000'000'000 / hz);
  return text;
}

}  // namespace ktstr
