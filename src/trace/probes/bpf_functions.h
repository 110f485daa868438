// SPDX-License-Identifier: Apache-2.0
//
// The functions of the BPF programs that a guest's kernel has compiled, out of its list of them (bpf_kallsyms): under
// which names, and where. They are there only once a scheduler is attached, so that the guest's memory says it, and not
// the kernel's image.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "guest_space.h"
#include "kernel/btf.h"
#include "kernel/kallsyms.h"
#include "trace/probes/probe_values.h"

namespace ktstr {

// Where that is in a kernel. A plain struct, as it is remembered. 0 for `symbols`: this kernel has no BPF.
struct BpfLayout {
  std::uint64_t symbols = 0;                                                             // bpf_kallsyms
  std::uint64_t link = 0, start = 0, end = 0, name = 0, name_bytes = 0, is_program = 0;  // of struct bpf_ksym
  std::uint64_t symbol_of_aux = 0, program_of_aux = 0, method_of_aux = 0;                // of struct bpf_prog_aux
  std::uint64_t type = 0;                                                                // of struct bpf_prog
  // Of struct bpf_prog_aux: the type whose method a program is, and the program that a function is a part of. 0: this
  // kernel does not have it.
  std::uint64_t type_of_methods = 0, main_of_aux = 0;
  std::uint64_t struct_ops = 0;  // the type that schedulers have, and others
  // Numbers of struct sched_ext_ops and, from 7.3 on, sched_ext_ops_cid in BTF; 0: there is none.
  std::array<std::uint64_t, 2> schedulers{};
  std::uint64_t pid = 0;  // of struct task_struct
};
BpfLayout bpf_layout_of(const KernelSymbols& symbols, const Btf& btf);

// A method of a scheduler (struct sched_ext_ops, sched_ext_ops_cid).
struct BpfMethod {
  std::string name;
  bool is_about_task = false;  // its first argument is one
  bool returns = false;        // something: a number
  std::uint32_t narrow = 0;    // of that: control::Step::narrow
  // Its parameters that are shown; none where the kernel does not say what they are called.
  std::vector<ProbeParameter> parameters = {};
  ProbeValues values = {};
};
std::vector<BpfMethod> scheduler_methods(const Btf& btf);

struct BpfFunction {
  std::string name;    // in its source, as far as the kernel keeps it
  std::string method;  // "enqueue" where it is a method of a scheduler
  std::uint64_t start = 0, end = 0;
  std::uint64_t aux = 0;  // its struct bpf_prog_aux
};

// Up to a 0; what cannot be printed is '?'.
std::string text_at(const control::GuestSpace& kernel, std::uint64_t address, std::size_t most);

// Of schedulers, in the order of their addresses. Whatever is in the guest's memory, this
// ends.
std::vector<BpfFunction> bpf_functions(const control::GuestSpace& kernel, const BpfLayout& layout);

// Where a kernel for x86-64 puts what it compiles and its modules: MODULES_VADDR, which is lower for a kernel that
// cannot be relocated, up to MODULES_END (arch/x86/include/asm/pgtable_64_types.h).
constexpr std::pair<std::uint64_t, std::uint64_t> kBpfRange{0xffffffffa0000000, 0xffffffffff000000};

}  // namespace ktstr
