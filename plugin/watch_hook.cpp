// SPDX-License-Identifier: GPL-2.0-or-later
#include "watch_hook.h"

#include <dlfcn.h>

#include "holds.h"

namespace ktstr::control {

namespace {

constexpr const char* kNeeded[] = {"qemu_plugin_register_vcpu_mem_cb",
                                   "qemu_plugin_mem_is_store",
                                   "qemu_plugin_mem_size_shift",
                                   "qemu_plugin_register_vcpu_insn_exec_cb",
                                   "qemu_plugin_tb_get_insn",
                                   "qemu_plugin_insn_vaddr",
                                   "qemu_plugin_insn_data",
                                   "qemu_plugin_insn_size",
                                   "cpu_exit",
                                   "cpu_loop_exit_restore"};
constexpr int kReadsRegisters = 1;               // QEMU_PLUGIN_CB_R_REGS
constexpr int kLoadsAndStores = 3;               // QEMU_PLUGIN_MEM_RW
constexpr std::uint64_t kInterruptFlag = 0x200;  // of the flags
constexpr std::uint64_t kStackBytes = 16384;     // THREAD_SIZE, by which a kernel's stacks are aligned (x86-64)
// All code of a kernel is at addresses with these two bits. What is given to a callback lacks the first for an atomic
// instruction, and the second in code that does not end holds.
constexpr std::uint64_t kNotAtomic = std::uint64_t{1} << 63, kEndsHolds = std::uint64_t{1} << 62;

struct Qemu {
  void (*register_mem)(void* insn, void (*callback)(unsigned, std::uint32_t, std::uint64_t, void*), int flags, int rw,
                       void* data);
  bool (*mem_is_store)(std::uint32_t info);
  unsigned (*mem_size_shift)(std::uint32_t info);
  void (*register_insn_exec)(void* insn, void (*callback)(unsigned, void*), int flags, void* data);
  void* (*tb_get_insn)(const qemu_plugin_tb* block, std::size_t index);
  std::uint64_t (*insn_vaddr)(const void* insn);
  std::size_t (*insn_size)(const void* insn);
  const void* (*insn_data)(const void* insn, void* into, std::size_t bytes);
  void (*cpu_exit)(void*);
  void (*leave)(void* cpu, std::uintptr_t back);  // does not return
} qemu;

ProbePage* page = nullptr;
Probes* probes = nullptr;
Holds* holds = nullptr;
WatchTools tools{};
const VcpuTable* table = nullptr;
void** running_cpu = nullptr;

// Of the block of watched code that runs.
std::uint64_t stack = 0, block_time = 0;

template <typename Function>
void look_up(Function& function, const char* symbol) {
  function = reinterpret_cast<Function>(::dlsym(RTLD_DEFAULT, symbol));
}

void report_changes() {
  Holds::Change change;
  while (holds->take_change(change)) {
    const std::uint64_t values[] = {
        change.hold, static_cast<std::uint64_t>(change.what), change.vcpu, change.place, change.address, change.times};
    probes->give(page->watch.hold_kind, table->find(*running_cpu), tools.time(*running_cpu), values, 6);
  }
}

void on_watched_block(unsigned, void*) {
  if (!probes->active()) return;
  stack = tools.rsp();
  block_time = tools.time(*running_cpu);
}

// Interrupts and preemption of the running vCPU, as an access has them.
std::uint64_t kept_off(std::uint32_t vcpu) {
  std::uint64_t how = 0;
  if ((tools.flags() & kInterruptFlag) == 0) how |= kInterruptsOff;
  const std::uint64_t at = vcpu < kMostCounts ? page->watch.preempt_count[vcpu] : 0;
  const std::uint64_t count = at == 0 ? 0 : probes->space().load(at, 4).value_or(0);
  if (how != 0 || (count & ~kNotCounted) != 0) how |= kPreemptionOff;
  return how;
}

void on_access(unsigned, std::uint32_t info, std::uint64_t address, void* data) {
  if (!probes->active() || ((address ^ stack) & ~(kStackBytes - 1)) == 0) return;
  const auto tagged = reinterpret_cast<std::uintptr_t>(data);
  const std::uint64_t place = tagged | kNotAtomic | kEndsHolds;
  const std::uint32_t bytes = 1U << qemu.mem_size_shift(info);
  const bool store = qemu.mem_is_store(info);
  const std::uint32_t vcpu = table->find(*running_cpu);
  if (page->watch.kind != 0) {
    const std::uint64_t how =
        bytes | (store ? kStore : 0) | ((tagged & kNotAtomic) == 0 ? kAtomic : 0) | kept_off(vcpu);
    const std::uint64_t values[] = {place, address, how};
    probes->give(page->watch.kind, vcpu, block_time, values, 3);
  }
  if (!holds_are_on || (tagged & kEndsHolds) == 0) return;
  holds->on_access(vcpu, place, address, bytes, store);
  report_changes();
}

void on_instruction(unsigned, void* place) {
  if (!holds_are_on) return;
  void* const cpu = *running_cpu;
  if (!holds->on_instruction(table->find(cpu), reinterpret_cast<std::uintptr_t>(place))) return;
  report_changes();
  qemu.cpu_exit(cpu);
  qemu.leave(cpu, reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)));
}

// A locked instruction, or an exchange with memory, which is locked without saying so.
bool is_atomic(const void* insn) {
  unsigned char room[16] = {};
  const std::size_t size = qemu.insn_size(insn);
  if (size == 0 || size > sizeof room) return false;
  qemu.insn_data(insn, room, size);
  std::size_t at = 0;
  for (; at < size; ++at) {
    const unsigned char byte = room[at];
    if (byte == 0xf0) return true;
    const bool prefix = byte == 0x2e || byte == 0x3e || byte == 0x64 || byte == 0x65 || byte == 0x66 || byte == 0xf2 ||
                        byte == 0xf3 || (byte & 0xf0) == 0x40;
    if (!prefix) break;
  }
  return at < size && (room[at] == 0x86 || room[at] == 0x87);
}

}  // namespace

bool holds_are_on = false;

const char* watch_lacks() {
  for (const char* symbol : kNeeded)
    if (::dlsym(RTLD_DEFAULT, symbol) == nullptr) return symbol;
  return nullptr;
}

void prepare_watch(ProbePage& of, Probes& all, const WatchTools& with) {
  page = &of;
  probes = &all;
  tools = with;
  static Holds those;
  holds = &those;
  look_up(qemu.register_mem, "qemu_plugin_register_vcpu_mem_cb");
  look_up(qemu.mem_is_store, "qemu_plugin_mem_is_store");
  look_up(qemu.mem_size_shift, "qemu_plugin_mem_size_shift");
  look_up(qemu.register_insn_exec, "qemu_plugin_register_vcpu_insn_exec_cb");
  look_up(qemu.tb_get_insn, "qemu_plugin_tb_get_insn");
  look_up(qemu.insn_vaddr, "qemu_plugin_insn_vaddr");
  look_up(qemu.insn_size, "qemu_plugin_insn_size");
  look_up(qemu.insn_data, "qemu_plugin_insn_data");
  look_up(qemu.cpu_exit, "cpu_exit");
  look_up(qemu.leave, "cpu_loop_exit_restore");
}

void watch_vcpus(void** current_cpu, const VcpuTable& vcpus) {
  running_cpu = current_cpu;
  table = &vcpus;
}

void begin_holds() {
  if (holds == nullptr) return;
  holds->begin(page->hold, page->holds);
  holds_are_on = holds->any();
}

void hold_before_block(void* cpu, std::uint32_t vcpu, std::uint32_t instructions, std::uintptr_t back) {
  const bool held = holds->on_block(vcpu, instructions);
  report_changes();
  if (!held) return;
  qemu.cpu_exit(cpu);
  qemu.leave(cpu, back);
}

void place_watch(qemu_plugin_tb* block) {
  if (page == nullptr) return;
  const WatchedCode* const code = probes->watched_at(qemu_plugin_tb_vaddr(block));
  if (code == nullptr) return;
  const bool may_hold = page->watch.hold_kind != 0 && code->ends_holds != 0;
  qemu_plugin_register_vcpu_tb_exec_cb(block, on_watched_block, kReadsRegisters, nullptr);
  const std::size_t instructions = qemu_plugin_tb_n_insns(block);
  for (std::size_t i = 0; i < instructions; ++i) {
    void* const insn = qemu.tb_get_insn(block, i);
    const std::uint64_t place = qemu.insn_vaddr(insn);
    if (may_hold) qemu.register_insn_exec(insn, on_instruction, 0, reinterpret_cast<void*>(place));
    std::uint64_t tagged = place;
    if (is_atomic(insn)) tagged &= ~kNotAtomic;
    if (code->ends_holds == 0) tagged &= ~kEndsHolds;
    qemu.register_mem(insn, on_access, page->watch.kind != 0 ? kReadsRegisters : 0, kLoadsAndStores,
                      reinterpret_cast<void*>(tagged));
  }
}

}  // namespace ktstr::control
