// SPDX-License-Identifier: Apache-2.0
#include "engine/late_cpus.h"

#include <fmt/format.h>

#include <bit>
#include <concepts>
#include <numeric>
#include <string_view>

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
    const auto sum = std::accumulate(bytes_.begin(), bytes_.end(), 0u,
                                     [](unsigned so_far, std::byte b) { return so_far + std::to_integer<unsigned>(b); });
    bytes_[kChecksum] = static_cast<std::byte>(0u - sum);
    return std::move(bytes_);
  }

 private:
  ByteVector bytes_;
};

enum Entry : unsigned { kLocalApic = 0, kIoApic = 1, kOverride = 2, kLocalNmi = 4, kLocalX2Apic = 9, kX2ApicNmi = 10 };
constexpr unsigned kEnabled = 1, kActiveHighLevel = 0xd;
constexpr std::uint32_t kFirstX2ApicId = 255;

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
  if (apic_id < kFirstX2ApicId) {
    table.u8(kLocalApic);
    table.u8(8);
    table.u8(uid);
    table.u8(apic_id);
    table.u32(kEnabled);
    return;
  }
  table.u8(kLocalX2Apic);
  table.u8(16);
  table.u16(0);
  table.u32(apic_id);
  table.u32(kEnabled);
  table.u32(uid);
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
void add_wiring(Table& table, bool x2apic) {
  table.u8(kIoApic);
  table.u8(12);
  table.u8(0);
  table.u8(0);
  table.u32(0xfec00000);
  table.u32(0);
  add_override(table, 0, 2, 0);
  for (const unsigned irq : {5u, 9u, 10u, 11u}) add_override(table, irq, irq, kActiveHighLevel);
  table.u8(x2apic ? kX2ApicNmi : kLocalNmi);
  table.u8(x2apic ? 12 : 6);
  if (!x2apic) table.u8(0xff);  // all CPUs
  table.u16(0);
  if (x2apic) table.u32(0xffffffff);
  table.u8(1);  // LINT1
  for (int i = 0; x2apic && i < 3; ++i) table.u8(0);
}

}  // namespace

std::vector<std::uint32_t> apic_ids(const Topology& topology) {
  auto bits = [](int count) { return std::bit_width(static_cast<unsigned>(count - 1)); };
  const auto thread_bits = bits(topology.threads_per_core), core_bits = bits(topology.cores_per_llc),
             die_bits = bits(topology.llcs_per_node());
  std::vector<std::uint32_t> ids;
  for (int socket = 0; socket < topology.numa_nodes; ++socket)
    for (int die = 0; die < topology.llcs_per_node(); ++die)
      for (int core = 0; core < topology.cores_per_llc; ++core)
        for (int thread = 0; thread < topology.threads_per_core; ++thread) {
          auto id = static_cast<std::uint32_t>(socket);
          id = (id << die_bits) | static_cast<std::uint32_t>(die);
          id = (id << core_bits) | static_cast<std::uint32_t>(core);
          ids.push_back((id << thread_bits) | static_cast<std::uint32_t>(thread));
        }
  return ids;
}

ByteVector interrupt_controller_table(const Topology& topology) {
  Table table;
  add_header(table);
  const auto ids = apic_ids(topology);
  for (unsigned cpu = 0; cpu < ids.size(); ++cpu) add_cpu(table, ids[cpu], cpu);
  add_wiring(table, ids.back() >= kFirstX2ApicId);
  return std::move(table).finish();
}

std::string late_cpus_arguments(int hz) {
  // tsc=reliable: nor does each CPU compare its clock with the others', which are one. lpj: for delays by a TSC of 1 GHz.
  std::string text = fmt::format("maxcpus={} acpi_apic_instance=2 tsc=reliable", kBootCpus);
  if (hz > 0) text += fmt::format(" lpj={}", 1'000'000'000 / hz);
  return text;
}

}  // namespace ktstr
