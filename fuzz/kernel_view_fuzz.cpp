// SPDX-License-Identifier: Apache-2.0
//
// A guest that has written into its kernel's lists of tasks and of BPF programs, into what they are made of, and into
// its page tables: whatever is there, looking at it ends.
#include <cstring>

#include "mutated.h"
#include "trace/events.h"
#include "trace/probes/bpf_functions.h"
#include "trace/probes/bpf_source.h"
#include "trace/probes/kernel_view.h"

using namespace ktstr;

namespace {

constexpr std::uint64_t kImage = 0xffffffff80000000;
constexpr std::size_t kBytes = 64 << 10;
// Where things are in it. A task: pid at 0, tasks at 16, signal at 32, thread_node at 40.
constexpr std::uint64_t kTables = 0x1000, kOffsets = 0x2000, kRunqueues = 0x3000, kTasks = 0x4000, kSignals = 0x6000,
                        kPrograms = 0x8000;

KernelLayout layout() {
  KernelLayout made;
  made.banner = kImage;
  std::memcpy(made.banner_text.data(), "Linux version", 13);
  made.page_offset_base = kImage + 0x100;
  made.pgdir_shift = kImage + 0x108;
  made.top_table = kImage + kTables;
  made.per_cpu_offset = kImage + kOffsets;
  made.runqueues = kImage + kRunqueues;
  made.init_task = kImage + kTasks;
  made.tasks = 16;
  made.signal = 32;
  made.thread_node = 40;
  constexpr std::uint8_t kRdi = 0;
  using control::Source;
  made.task = {.address = 0, .kind = static_cast<std::uint32_t>(TraceKind::kTaskSeen), .steps = 3, .step = {}};
  made.task.step[0] = {Source::kRegister, kRdi, 4, 1, 0, 0};
  made.task.step[1] = {Source::kRegister, kRdi, 8, 0, 0, 8};
  made.task.step[2] = {Source::kEarlier, 1, 8, 1, 0, 0};
  made.cgroup = made.task;
  made.cpu = {.address = 0, .kind = static_cast<std::uint32_t>(TraceKind::kCpuSeen), .steps = 1, .step = {}};
  made.cpu.step[0] = {Source::kRegister, kRdi, 4, 1, 0, 0};
  return made;
}

constexpr BpfLayout kBpf{.symbols = kImage + kPrograms,
                         .link = 0,
                         .start = 16,
                         .end = 24,
                         .name = 40,
                         .name_bytes = 64,
                         .is_program = 32,
                         .symbol_of_aux = 0,
                         .program_of_aux = 112,
                         .method_of_aux = 120,
                         .type = 4,
                         .struct_ops = 27,
                         .pid = 8};

// A program's lines, types and maps lie behind it.
constexpr BpfSourceLayout kSource{
    .functions = kBpf,
    .aux = {.lines = 128, .line_starts = 136, .line_count = 144, .btf = 152, .maps = 160, .map_count = 168},
    .btf = {.data = 0, .bytes = 8, .strings = 16},
    .map = {.name = 0, .name_bytes = 16, .type = 16, .entries = 20, .btf = 24, .value_type = 32},
    .array = {.element_bytes = 36, .values = 40},
    .type_of_arrays = 2};
constexpr std::uint64_t kTypes = 0xc000, kMap = 0xd000, kLines = 0xe000;

void put(ByteVector& memory, std::uint64_t at, std::uint64_t value) {
  std::memcpy(memory.data() + at, &value, sizeof value);
}

ByteVector a_kernel() {
  ByteVector memory(kBytes);
  std::memcpy(memory.data(), "Linux version", 13);
  put(memory, 0x100, 0xffff888000000000);
  put(memory, 0x108, 39);
  constexpr std::uint64_t kCount = 6;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const std::uint64_t task = kTasks + i * 0x100, signal = kSignals + i * 0x100, program = kPrograms + 0x200 * i;
    put(memory, task, i);
    put(memory, task + 16, kImage + kTasks + (i + 1) % kCount * 0x100 + 16);
    put(memory, task + 32, kImage + signal);
    put(memory, task + 40, kImage + signal);
    put(memory, signal, kImage + task + 40);
    put(memory, program, kImage + kPrograms + (i + 1) % kCount * 0x200);
    put(memory, program + 16, kBpfRange.first + i * 0x100);
    put(memory, program + 24, kBpfRange.first + i * 0x100 + 16);
    put(memory, program + 32, 1);
    put(memory, program + 112, kImage + program);
    put(memory, program + 120, kImage + program + 40);
    std::memcpy(memory.data() + program + 40, "enqueue", 8);
    memory[program + 4] = std::byte{27};
    put(memory, program + 128, kImage + kLines);
    put(memory, program + 136, kImage + kLines + 0x100);
    put(memory, program + 144, 4);
    put(memory, program + 152, kImage + kTypes);
    put(memory, program + 160, kImage + kMap + 0x800);
    put(memory, program + 168, 1);
  }
  for (std::uint64_t i = 0; i < 4; ++i) put(memory, kLines + 0x100 + i * 8, kBpfRange.first + i * 4);
  std::memcpy(memory.data() + kMap, "map", 4);
  put(memory, kMap + 16, std::uint64_t{4} << 32 | 2);
  put(memory, kMap + 24, kImage + kTypes);
  put(memory, kMap + 32, std::uint64_t{8} << 32 | 1);
  put(memory, kMap + 0x800, kImage + kMap);
  // BTF: a header, then struct { struct itself; }.
  put(memory, kTypes, kImage + kTypes + 0x100);
  put(memory, kTypes + 8, 24 + 24 + 8);
  put(memory, kTypes + 16, kImage + kTypes + 0x130);
  put(memory, kTypes + 0x100, 24ULL << 32 | 1ULL << 16 | 0xeb9f);
  put(memory, kTypes + 0x108, 24ULL << 32);
  put(memory, kTypes + 0x110, 8ULL << 32 | 24);
  put(memory, kTypes + 0x118, 4ULL << 56 | 1ULL << 32 | 1);
  put(memory, kTypes + 0x120, 1ULL << 32 | 8);
  put(memory, kTypes + 0x128, 1);
  return memory;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<ByteVector> bases{a_kernel()};
  ByteVector memory = fuzz::mutated(bases, data, size);
  memory.resize(kBytes);
  control::GuestSpace space;
  space.add({0, memory.size(), reinterpret_cast<const unsigned char*>(memory.data())});
  const KernelLayout where = layout();
  const auto found = find_kernel(space, where);
  if (!found) return 0;
  space.set_kernel(*found);
  for (const TraceEvent& event : seen_at(1, space, where, 4))
    if (event.count > kMostTraceValues) __builtin_trap();
  for (const BpfFunction& one : bpf_functions(space, kBpf))
    if (one.start < kBpfRange.first || one.end > kBpfRange.second || one.name.size() > 128) __builtin_trap();
  for (const TraceEvent& event : bpf_source(1, space, kSource))
    if (event.count > kMostTraceValues) __builtin_trap();
  return 0;
}
