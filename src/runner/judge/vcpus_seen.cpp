// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/vcpus_seen.h"

#include <fmt/core.h>

#include "base/file.h"
#include "base/log.h"
#include "kernel/kallsyms.h"

namespace ktstr {

namespace {

// Documentation/arch/x86/x86_64/mm.rst: where modules are, which no image knows.
constexpr std::uint64_t kFirstModuleAddress = 0xffffffffc0000000;
constexpr std::uint64_t kLastModuleAddress = 0xfffffffffeffffff;

std::string state_of(const VcpuState& vcpu) {
  if (vcpu.user) return "user";
  std::string where = vcpu.halted ? "halted" : "kernel";
  if (vcpu.halted && vcpu.interrupts) return where;
  return where + (vcpu.interrupts ? ", interrupts on" : ", interrupts off");
}

std::string symbol_of(const KernelSymbols& symbols, std::uint64_t address) {
  if (address >= kFirstModuleAddress && address <= kLastModuleAddress) return fmt::format("{:#x} in a module", address);
  const auto symbol = symbols.at_or_before(address);
  const auto end = symbols.find("_end");
  if (!symbol || (end && address >= end->address)) return "";
  return fmt::format("{}+{:#x}", symbol->name, address - symbol->address);
}

}  // namespace

std::vector<VcpuSeen> vcpus_seen(const std::vector<VcpuState>& vcpus, const fs::path& vmlinux) {
  std::vector<VcpuSeen> seen;
  for (const VcpuState& vcpu : vcpus)
    seen.push_back({.cpu = vcpu.cpu, .pc = vcpu.pc, .symbol = "", .state = state_of(vcpu)});
  if (seen.empty()) return seen;
  auto add_symbols = [&]() -> Status {
    KTSTR_TRY_ASSIGN(const ByteVector image, read_bytes(vmlinux));
    KTSTR_TRY_ASSIGN(const ElfFile elf, ElfFile::parse(image));
    KTSTR_TRY_ASSIGN(const KernelSymbols symbols, KernelSymbols::from_image(elf));
    for (std::size_t i = 0; i < seen.size(); ++i)
      if (!vcpus[i].user) seen[i].symbol = symbol_of(symbols, seen[i].pc);
    return ok();
  };
  if (const Status status = add_symbols(); !status)
    log_warn("no symbols for where the guest's CPUs stand: {}", status.error().render());
  return seen;
}

}  // namespace ktstr
