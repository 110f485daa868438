// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy_hook.h"

#include <dlfcn.h>

namespace ktstr::control {

namespace {

constexpr const char* kNeeded[] = {"icount_update", "icount_get", "cpu_exit", "cpu_loop_exit_restore"};
// Where x86-64 has what is not of the kernel's image but near it (MODULES_VADDR without and MODULES_END with
// KERNEL_IMAGE_SIZE of 512 MB): modules, and what is compiled of BPF programs.
constexpr std::uint64_t kModulesFrom = 0xffffffffa0000000, kModulesTo = 0xffffffffff000000;

struct Qemu {
  void (*icount_update)(void* cpu);
  std::int64_t (*icount_get)();
  void (*cpu_exit)(void* cpu);
  void (*leave)(void* cpu, std::uintptr_t back);  // does not return
} qemu;

Policy* policy = nullptr;
Turns* turns = nullptr;
void** running_cpu = nullptr;
std::uint64_t ends_ns = 0;

template <typename Function>
void look_up(Function& function, const char* symbol) {
  function = reinterpret_cast<Function>(::dlsym(RTLD_DEFAULT, symbol));
}

// As the time of events is read (probe_hook.cpp): at the end of the block, whose instructions are counted already.
std::uint64_t policy_time() {
  void* const cpu = *running_cpu;
  qemu.icount_update(cpu);
  *running_cpu = nullptr;
  const std::int64_t now = qemu.icount_get();
  *running_cpu = cpu;
  return static_cast<std::uint64_t>(now);
}

}  // namespace

const char* policies_lack() {
  for (const char* symbol : kNeeded)
    if (::dlsym(RTLD_DEFAULT, symbol) == nullptr) return symbol;
  return nullptr;
}

void begin_policy(const Page& page, Policy& of, Turns& with, void** current_cpu) {
  const auto kind = static_cast<PolicyKind>(page.policy);
  if (kind == PolicyKind::kEven || kind > PolicyKind::kPos || policies_lack() != nullptr) return;
  look_up(qemu.icount_update, "icount_update");
  look_up(qemu.icount_get, "icount_get");
  look_up(qemu.cpu_exit, "cpu_exit");
  look_up(qemu.leave, "cpu_loop_exit_restore");
  policy = &of;
  turns = &with;
  running_cpu = current_cpu;
  ends_ns = policy_time() + page.policy_ns;
  policy->begin(kind, page.policy_seed, page.vcpus, page.turn, page.most_away);
}

bool is_of_bpf(const qemu_plugin_tb* block, const Page& page) {
  const std::uint64_t start = qemu_plugin_tb_vaddr(block);
  return start >= kModulesFrom && start < kModulesTo && start - page.code_start >= page.code_bytes;
}

void ask_policy(void* cpu, std::uint32_t vcpu, std::uint32_t instructions, bool of_bpf, std::uintptr_t back) {
  if (policy->is_next(vcpu) && policy_time() >= ends_ns) {
    policy->end();
    turns->level();
    return;
  }
  if (!policy->holds_back(vcpu, instructions, of_bpf)) return;
  qemu.cpu_exit(cpu);
  qemu.leave(cpu, back);
}

}  // namespace ktstr::control
