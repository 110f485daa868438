// SPDX-License-Identifier: GPL-2.0-or-later
//
// ktstr-turns.so, a TCG plugin for a stock QEMU that runs with -icount sleep=off in one thread: ends the vCPUs' turns
// where the control page says, and keeps the host's load out of an idle guest's clock (idle_guard.h).
//
//   -plugin file=ktstr-turns.so,page=FILE             FILE: a control page
//   -plugin file=ktstr-turns.so,page=FILE,probes=FILE also looks where the probe page says (probe_page.h)
//   -plugin file=ktstr-turns.so,page=FILE,turns=off   leaves QEMU's own turns alone, at no cost
//   -plugin file=ktstr-turns.so,probe=on              says on stdout what it can do in this QEMU, and ends it
//
// In such a QEMU the vcpu_index that a callback gets is wrong (generated code has the number of the vCPU that it was
// translated for), and so is everything in the API that builds on it, scoreboards and inline operations; `current_cpu`
// is right. One thread runs all vCPUs, so plain variables do.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "code_pages.h"
#include "control_page.h"
#include "idle_hook.h"
#include "policy_hook.h"
#include "probe_hook.h"
#include "qemu_api.h"
#include "turns.h"
#include "vcpu_table.h"
#include "watch_hook.h"

#define KTSTR_EXPORT __attribute__((visibility("default")))

namespace ktstr::control {

namespace {

Page* page = nullptr;
Turns* turns = nullptr;
Policy policy;
VcpuTable vcpus;

void** current_cpu = nullptr;  // of the one thread that runs vCPUs
void (*cpu_exit)(void*) = nullptr;

void* running = nullptr;
std::uint32_t running_vcpu = VcpuTable::kNone;
std::uint32_t taken = 0;
bool code_is_to_be_marked = false;

void take_orders(std::uint32_t orders) {
  if (taken == 0) {
    turns->begin(page->turn, page->vcpus, page->phase_seed, page->speed);
    begin_policy(*page, policy, *turns, current_cpu);
  } else {
    turns->set_speeds(page->speed);
  }
  taken = orders;
}

// What a block's callback is told: its length, and whether it is of a BPF program.
constexpr std::uintptr_t kOfBpf = std::uintptr_t{1} << 32;

void on_block(unsigned, void* block) {
  if (probes_wait) look_for_begin();
  const std::uint32_t orders = __atomic_load_n(&page->orders, __ATOMIC_ACQUIRE);
  if (orders != taken) take_orders(orders);
  if (!turns->active()) return;
  void* const cpu = *current_cpu;
  if (cpu != running) {
    running = cpu;
    running_vcpu = vcpus.find(cpu);
  }
  if (running_vcpu == VcpuTable::kNone) return;
  const auto told = reinterpret_cast<std::uintptr_t>(block);
  const auto length = static_cast<std::uint32_t>(told);
  if (holds_are_on)
    hold_before_block(cpu, running_vcpu, length, reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)));
  if (policy.acts())
    ask_policy(cpu, running_vcpu, length, (told & kOfBpf) != 0,
               reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)));
  if (!turns->on_block(running_vcpu, length)) return;
  policy.end_turn();
  page->turns = turns->ended();
  cpu_exit(cpu);
}

void on_translation(std::uint64_t, qemu_plugin_tb* block) {
  if (code_is_to_be_marked) code_is_to_be_marked = mark_code_with(block, *page);
  const std::uintptr_t told = qemu_plugin_tb_n_insns(block) | (is_of_bpf(block, *page) ? kOfBpf : 0);
  qemu_plugin_register_vcpu_tb_exec_cb(block, on_block, 0, reinterpret_cast<void*>(told));
  place_probes(block);
}

// With QEMU's own turns.
void on_block_to_probe(unsigned, void*) {
  if (probes_wait) look_for_begin();
}

void on_translation_without_turns(std::uint64_t, qemu_plugin_tb* block) {
  qemu_plugin_register_vcpu_tb_exec_cb(block, on_block_to_probe, 0, nullptr);
  place_probes(block);
}

void on_vcpu(std::uint64_t, unsigned index) {
  current_cpu = static_cast<void**>(::dlsym(RTLD_DEFAULT, "current_cpu"));
  vcpus.add(*current_cpu, index);
  hook_idle(*current_cpu, index, *page);
  prepare_probes(current_cpu, vcpus);
}

bool map_page(const char* file) {
  const int fd = ::open(file, O_RDWR | O_CLOEXEC);
  if (fd < 0) return false;
  void* const mapped = ::mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (mapped == MAP_FAILED) return false;
  page = static_cast<Page*>(mapped);
  return page->magic == kMagic && page->version == kVersion;
}

// QEMU refuses a plugin for a version of the API that it does not have. What it exports says which it has.
int api_version() {
  if (::dlsym(RTLD_DEFAULT, "qemu_plugin_read_memory_vaddr") != nullptr) return 4;
  return ::dlsym(RTLD_DEFAULT, "qemu_plugin_scoreboard_new") != nullptr ? 2 : 1;
}

int install(std::uint64_t id, const QemuInfo* info, int argc, char** argv) {
  const char *file = nullptr, *probe_file = nullptr;
  bool probe = false, ends_turns = true;
  for (int i = 0; i < argc; ++i) {
    if (std::strncmp(argv[i], "page=", 5) == 0) file = argv[i] + 5;
    if (std::strncmp(argv[i], "probes=", 7) == 0) probe_file = argv[i] + 7;
    if (std::strcmp(argv[i], "probe=on") == 0) probe = true;
    if (std::strcmp(argv[i], "turns=off") == 0) ends_turns = false;
  }
  cpu_exit = reinterpret_cast<void (*)(void*)>(::dlsym(RTLD_DEFAULT, "cpu_exit"));
  const char* missing = nullptr;
  for (const char* symbol : {"cpu_exit", "current_cpu"})
    if (::dlsym(RTLD_DEFAULT, symbol) == nullptr) missing = symbol;
  if (probe) {
    const char* const unguarded = idle_hook_lacks();
    const char* const blind = probes_lack();
    const char* const plain = policies_lack();
    std::printf("ktstr-turns %s api %d-%d %s %s, %s %s, %s %s, %s %s\n", info->target_name, info->version.min,
                info->version.cur, missing == nullptr ? "ends turns with" : "lacks",
                missing == nullptr ? "cpu_exit" : missing,
                unguarded == nullptr ? "guards" : "cannot guard idle clocks: no",
                unguarded == nullptr ? "idle clocks" : unguarded, blind == nullptr ? "takes" : "cannot take probes: no",
                blind == nullptr ? "probes" : blind, plain == nullptr ? "has" : "has no policies: no",
                plain == nullptr ? "policies" : plain);
    std::fflush(stdout);
    ::_exit(0);
  }
  if (missing != nullptr) {
    std::fprintf(stderr, "ktstr-turns: this QEMU does not export %s\n", missing);
    return 1;
  }
  if (file == nullptr || !map_page(file)) {
    std::fprintf(stderr, "ktstr-turns: '%s' is no control page of version %u\n", file == nullptr ? "" : file, kVersion);
    return 1;
  }
  if (probe_file != nullptr) {
    const char* why =
        probes_lack() != nullptr ? "this QEMU lacks what probes need" : open_probes(probe_file, info->version.cur);
    if (why != nullptr) {
      std::fprintf(stderr, "ktstr-turns: %s\n", why);
      return 1;
    }
  }
  static Turns all(page->instructions, &policy);
  turns = &all;
  code_is_to_be_marked = marks_code(*page);
  qemu_plugin_register_vcpu_init_cb(id, on_vcpu);
  if (ends_turns)
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  else if (probe_file != nullptr)
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation_without_turns);
  return 0;
}

}  // namespace

}  // namespace ktstr::control

extern "C" {
// Read before qemu_plugin_install() is called, and after the library's constructors have run.
KTSTR_EXPORT int qemu_plugin_version = ktstr::control::api_version();

KTSTR_EXPORT int qemu_plugin_install(std::uint64_t id, const QemuInfo* info, int argc, char** argv) {
  return ktstr::control::install(id, info, argc, argv);
}
}
