// SPDX-License-Identifier: Apache-2.0
//
// Functions that a user wants to see called, beside what the recorder looks at by itself:
//
//   try_to_wake_up                a function of the kernel
//   try_to_wake_up(p->pid, p->comm)   ... and what is read where it begins, as in kernel/probe_compiler.h
//   try_to_wake_up(*)             ... all parameters that mean something (parameters.h)
//   ?try_to_wake_up               one that this kernel may not have
//   bpf:simple_enqueue            a function of a BPF scheduler: of a method all parameters that mean something, of
//   bpf:simple_*; bpf:*           another one the first; all that begin so; all
//   bpf:ops.enqueue; bpf:ops.*    a method, whatever the scheduler calls it; all methods
//   try_to_wake_up(p->pid) -> ret     ... and where it ends, with what it returns
//   find_task_by_vpid -> ret->pid     ... or with what that points to
//   bpf:select_cpu -> ret
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "probe_page.h"
#include "trace/events.h"
#include "trace/probes/bpf_functions.h"

namespace ktstr {

struct UserProbe {
  std::string function;  // with `bpf` a '*' at its end stands for any rest
  bool bpf = false;
  std::vector<std::string> expressions;
  std::string returned = {};    // "ret", "ret->pid"; empty: its end is not asked for
  bool may_be_missing = false;  // then a kernel without it is no error
  bool operator==(const UserProbe&) const = default;
};

// Separated by ';'. kInvalidArgument names the one that is wrong.
Result<std::vector<UserProbe>> parse_user_probes(std::string_view list);
std::string to_text(const UserProbe& probe);

struct NamedNumber {
  std::string type, name;  // "scx_enq_flags", "SCX_ENQ_WAKEUP"
  std::uint64_t value = 0;
};

// As far as a kernel's image says it.
struct UserProbes {
  std::vector<control::Probe> of_kernel;  // in the order of their addresses
  std::vector<control::ExitProbe> ends;
  std::vector<std::uint64_t> thunks;  // see function_ends.h
  std::vector<std::string> names;     // by their numbers: "try_to_wake_up(p->pid)"
  std::vector<NamedNumber> named;     // values of enums that are shown
  std::vector<UserProbe> of_bpf;
  BpfLayout bpf;
  std::vector<BpfMethod> methods;
  bool wants_ends_of_bpf() const;
};
// kNotFound: the kernel has no such function, or not what is to be read.
Result<UserProbes> compile_user_probes(ByteSpan vmlinux, const std::vector<UserProbe>& wanted);

// Those of the BPF scheduler that is in the guest's memory now.
struct BpfProbes {
  std::vector<control::Probe> probes;  // in the order of their addresses
  std::vector<control::ExitProbe> ends;
  std::vector<std::string> names;       // of the numbers from `first` on
  std::vector<std::string> not_placed;  // "bpf:foo: ...": why
};
BpfProbes bpf_probes(const control::GuestSpace& kernel, const UserProbes& wanted, std::size_t first);

// That the probe with this number is there; what a value is called.
TraceEvent probe_placed(std::uint64_t time_ns, std::size_t number, std::string_view what);
TraceEvent named_value(std::uint64_t time_ns, const NamedNumber& named);

}  // namespace ktstr
