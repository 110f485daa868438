// SPDX-License-Identifier: Apache-2.0
#include "kernel_state/guest_state.h"

#include "kernel/elf.h"
#include "trace/probes/kernel_view.h"

namespace ktstr {

Result<KernelDescription> KernelDescription::of(ByteSpan vmlinux) {
  KTSTR_TRY_ASSIGN(const ElfFile elf, ElfFile::parse(vmlinux));
  KTSTR_TRY_ASSIGN(KernelSymbols symbols, KernelSymbols::from_image(elf));
  const auto section = elf.contents(".BTF");
  if (!section) return fail(ErrorCode::kNotFound, "the kernel's image has no BTF: nothing says what its types are");
  KTSTR_TRY_ASSIGN(Btf btf, Btf::parse(*section));
  KTSTR_TRY_ASSIGN(const KernelProbes probes, find_probes(vmlinux));
  auto bpf = bpf_source_layout_of(symbols, btf);
  return KernelDescription{.symbols = std::move(symbols),
                           .btf = std::move(btf),
                           .layout = probes.layout,
                           .bpf = bpf ? std::optional(*std::move(bpf)) : std::nullopt};
}

Result<GuestState> GuestState::of(const control::GuestSpace& ram, const KernelDescription& names, int cpus) {
  KTSTR_TRY_ASSIGN(const control::AddressSpace space, find_kernel(ram, names.layout));
  GuestState state;
  state.names_ = &names;
  state.memory_ = ram;
  state.memory_.set_kernel(space);
  state.cpus_ = cpus;
  if (names.bpf) state.bpf_ = bpf_source(0, state.memory_, *names.bpf);
  return state;
}

std::optional<std::uint64_t> GuestState::number(std::uint64_t address, std::size_t bytes) const {
  if (const auto whole = memory_.load(address, bytes)) return whole;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes && i < 8; ++i) {
    const auto byte = memory_.load(address + i, 1);
    if (!byte) return std::nullopt;
    value |= *byte << (8 * i);
  }
  return value;
}

std::optional<std::uint64_t> GuestState::per_cpu_offset(int cpu) const {
  const auto offsets = names_->symbols.find("__per_cpu_offset");
  if (!offsets || cpu < 0 || cpu >= cpus_) return std::nullopt;
  return number(offsets->address + 8 * static_cast<std::uint64_t>(cpu), 8);
}

bool GuestState::is_per_cpu(std::uint64_t address) const {
  const auto first = names_->symbols.find("__per_cpu_start"), last = names_->symbols.find("__per_cpu_end");
  return first && last && first->address <= address && address < last->address;
}

std::optional<std::uint64_t> GuestState::task(std::uint64_t pid) const {
  const auto member = names_->btf.member_offset_bits("task_struct", "pid");
  if (!member) return std::nullopt;
  for (const std::uint64_t task : tasks_at(memory_, names_->layout))
    if (number(task + *member / 8, 4) == pid) return task;
  return std::nullopt;
}

}  // namespace ktstr
