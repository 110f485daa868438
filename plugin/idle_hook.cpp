// SPDX-License-Identifier: GPL-2.0-or-later
#include "idle_hook.h"

#include <dlfcn.h>
#include <pthread.h>

#include <initializer_list>

#include "idle_guard.h"

namespace ktstr::control {

namespace {

constexpr const char* kAccelerator = "cpus_get_accel";
constexpr const char* kKick = "rr_kick_vcpu_thread";
constexpr int kWordsSearched = 32;  // there are more in every version

IdleGuard guard;
Page* page = nullptr;
pthread_t vcpu_thread;
void* last_cpu = nullptr;
unsigned last_index = 0;

void tell(std::uint64_t& where, std::uint64_t number) { __atomic_store_n(&where, number, __ATOMIC_RELAXED); }

// QEMU asks of one vCPU after the other, of those that are halted and have no work, until one is not idle: an answer
// for the last one is an answer for all.
bool is_idle(void* cpu) {
  if (cpu != last_cpu) return true;
  if (::pthread_equal(::pthread_self(), vcpu_thread) != 0) {
    guard.vcpus_are_idle();
    return true;
  }
  const bool may_jump = guard.main_loop_may_jump();
  tell(page->idle_jumps, guard.jumps());
  tell(page->idle_refused, guard.refused());
  return may_jump;
}

// In every version so far the operation follows the one that kicks vCPUs, which is exported; that one is there only
// where one thread runs all vCPUs. TCG leaves ours empty.
bool put_hook() {
  const auto accelerator = reinterpret_cast<void** (*)()>(::dlsym(RTLD_DEFAULT, kAccelerator));
  void* const kick = ::dlsym(RTLD_DEFAULT, kKick);
  if (accelerator == nullptr || kick == nullptr) return false;
  void** const words = accelerator();
  for (int i = 0; i + 1 < kWordsSearched; ++i) {
    if (words[i] != kick) continue;
    if (words[i + 1] != nullptr) return false;
    words[i + 1] = reinterpret_cast<void*>(is_idle);
    return true;
  }
  return false;
}

}  // namespace

const char* idle_hook_lacks() {
  for (const char* symbol : {kAccelerator, kKick})
    if (::dlsym(RTLD_DEFAULT, symbol) == nullptr) return symbol;
  return nullptr;
}

void hook_idle(void* cpu, unsigned index, Page& control_page) {
  const bool first = last_cpu == nullptr;
  if (first || index > last_index) {
    last_cpu = cpu;
    last_index = index;
  }
  if (!first) return;
  page = &control_page;
  vcpu_thread = ::pthread_self();
  page->idle_guarded = put_hook() ? 1 : 0;
}

}  // namespace ktstr::control
