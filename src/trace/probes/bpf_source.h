// SPDX-License-Identifier: Apache-2.0
//
// What the code and the data of a BPF scheduler are called, out of the guest's memory: its functions, the lines of
// their source that the kernel keeps for its verifier's log, its global variables and its maps, by the types that it
// was loaded with (BTF).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kernel/btf.h"
#include "trace/probes/bpf_functions.h"
#include "trace/probes/handed_out.h"
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
    std::uint64_t name = 0, name_bytes = 0, type = 0, entries = 0, btf = 0, value_type = 0, key_bytes = 0,
                  value_bytes = 0;
  } map;  // of struct bpf_map
  struct {
    std::uint64_t element_bytes = 0, values = 0;
  } array;                           // of struct bpf_array
  std::uint64_t type_of_arrays = 0;  // BPF_MAP_TYPE_ARRAY
  // Types of maps whose values lie anywhere, 0: there is none; and where the key is that such a value comes after.
  std::array<std::uint64_t, 4> scattered{};
  std::uint64_t key_of_element = 0;  // of struct htab_elem
  // BPF_MAP_TYPE_ARENA, 0: there is none; and where the kernel says where an arena is.
  std::uint64_t type_of_arenas = 0, area_of_arena = 0, address_of_area = 0;  // of bpf_arena, vm_struct
};
// kNotFound: this kernel does not show it.
Result<BpfSourceLayout> bpf_source_layout_of(const KernelSymbols& symbols, const Btf& btf);

// A global variable, or a map that is an array.
struct BpfVariable {
  std::string name;
  std::uint64_t start = 0;
  const Btf* btf = nullptr;                // of the program, in BpfSource::types
  BtfTypeId type = 0;                      // of the variable, or of each element of a map
  std::uint64_t elements = 0, stride = 0;  // of a map; 0: it is a variable
};

struct BpfSource {
  // FunctionSeen, then BpfLineSeen in the order of their addresses, then DataSeen, each with its MemberSeen; of maps in
  // `scattered` MemberSeen alone.
  std::vector<TraceEvent> events;
  std::vector<ScatteredMap> scattered;
  std::vector<BpfVariable> variables;
  std::map<std::uint64_t, std::optional<Btf>> types;  // by where they lie in the guest
};
// With events of `time_ns`. Whatever is in the guest's memory, this ends.
BpfSource bpf_source(std::uint64_t time_ns, const control::GuestSpace& kernel, const BpfSourceLayout& layout);

}  // namespace ktstr
