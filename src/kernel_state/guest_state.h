// SPDX-License-Identifier: Apache-2.0
//
// A guest that stands still, with all that says what lies where in it: its memory, its kernel's symbols and types, and
// those of its BPF scheduler. Whatever is in the memory, reading it ends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "guest_space.h"
#include "kernel/btf.h"
#include "kernel/kallsyms.h"
#include "trace/probes/bpf_source.h"
#include "trace/probes/probe_catalogue.h"

namespace ktstr {

// What its image says of a kernel.
struct KernelDescription {
  KernelSymbols symbols;
  Btf btf;
  KernelLayout layout;
  std::optional<BpfSourceLayout> bpf;  // none: it does not show its BPF programs
  // kNotFound: the image has no symbols or no BTF.
  static Result<KernelDescription> of(ByteSpan vmlinux);
};

class GuestState {
 public:
  // `names` must outlive it. `cpus`: that the guest has. kNotFound: in this memory is not the kernel that is named.
  static Result<GuestState> of(const control::GuestSpace& ram, const KernelDescription& names, int cpus);

  const KernelDescription& names() const { return *names_; }
  const control::GuestSpace& memory() const { return memory_; }
  int cpus() const { return cpus_; }
  const BpfSource& bpf() const { return bpf_; }

  // Up to 8 bytes, also over the end of a page. None where no memory is.
  std::optional<std::uint64_t> number(std::uint64_t address, std::size_t bytes) const;
  // What is added to the address of a per-CPU variable.
  std::optional<std::uint64_t> per_cpu_offset(int cpu) const;
  bool is_per_cpu(std::uint64_t address) const;
  // The address of its struct task_struct.
  std::optional<std::uint64_t> task(std::uint64_t pid) const;

 private:
  GuestState() = default;
  const KernelDescription* names_ = nullptr;
  control::GuestSpace memory_;
  int cpus_ = 0;
  BpfSource bpf_;
};

}  // namespace ktstr
