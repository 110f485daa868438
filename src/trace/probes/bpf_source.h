// SPDX-License-Identifier: Apache-2.0
//
// What the code and the data of a BPF scheduler are called, out of the guest's memory: its functions, the lines of
// their source that the kernel keeps for its verifier's log, its global variables and its maps, by the types that it
// was loaded with (BTF).
#pragma once

#include <cstdint>
#include <vector>

#include "kernel/btf.h"
#include "trace/probes/bpf_functions.h"
#include "trace/trace_event.h"

namespace ktstr {

// Where that is in a kernel.
struct BpfSourceLayout {
  BpfLayout functions;
  struct {
    std::uint64_t lines = 0, line_starts = 0, line_count = 0, btf = 0, maps = 0, map_count = 0;
  } aux;  // of struct bpf_prog_aux
  struct {
    std::uint64_t data = 0, bytes = 0, strings = 0;
  } btf;  // of struct btf
  struct {
    std::uint64_t name = 0, name_bytes = 0, type = 0, entries = 0, btf = 0, value_type = 0;
  } map;  // of struct bpf_map
  struct {
    std::uint64_t element_bytes = 0, values = 0;
  } array;                           // of struct bpf_array
  std::uint64_t type_of_arrays = 0;  // BPF_MAP_TYPE_ARRAY
};
// kNotFound: this kernel does not show it.
Result<BpfSourceLayout> bpf_source_layout_of(const KernelSymbols& symbols, const Btf& btf);

// As events of `time_ns`: FunctionSeen, then BpfLineSeen in the order of their addresses, then DataSeen, each
// with its MemberSeen. Whatever is in the guest's memory, this ends.
std::vector<TraceEvent> bpf_source(std::uint64_t time_ns, const control::GuestSpace& kernel,
                                   const BpfSourceLayout& layout);

}  // namespace ktstr
