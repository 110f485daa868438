// SPDX-License-Identifier: GPL-2.0-or-later
#include "code_pages.h"

#include <dlfcn.h>

namespace ktstr::control {

namespace {

constexpr std::uint64_t kNowhere = ~std::uint64_t{0};
constexpr unsigned kCode = 1;  // DIRTY_MEMORY_CODE

struct Qemu {
  void* (*tb_get_insn)(const qemu_plugin_tb* block, std::size_t index);
  unsigned char* (*insn_haddr)(const void* insn);
  // Of a byte of the guest's memory, by where it is in QEMU's: its number among all; kNowhere for other addresses.
  std::uint64_t (*ram_addr_from_host)(const void* host);
  bool (*test_and_clear_dirty)(std::uint64_t ram, std::uint64_t bytes, unsigned client);
} qemu;

template <typename Function>
bool look_up(Function& function, const char* symbol) {
  function = reinterpret_cast<Function>(::dlsym(RTLD_DEFAULT, symbol));
  return function != nullptr;
}

}  // namespace

bool marks_code(const Page& page) {
  return page.code_bytes != 0 && look_up(qemu.tb_get_insn, "qemu_plugin_tb_get_insn") &&
         look_up(qemu.insn_haddr, "qemu_plugin_insn_haddr") &&
         look_up(qemu.ram_addr_from_host, "qemu_ram_addr_from_host") &&
         look_up(qemu.test_and_clear_dirty, "cpu_physical_memory_test_and_clear_dirty");
}

bool mark_code_with(const qemu_plugin_tb* block, Page& page) {
  const std::uint64_t into = qemu_plugin_tb_vaddr(block) - page.code_start;
  if (into >= page.code_bytes) return true;
  const unsigned char* const here = qemu.insn_haddr(qemu.tb_get_insn(block, 0));
  if (here == nullptr) return true;
  const std::uint64_t first = qemu.ram_addr_from_host(here - into);
  const std::uint64_t last = qemu.ram_addr_from_host(here - into + page.code_bytes - 1);
  // One piece of memory, as the loader has put it there; else nothing is known about what surrounds the block.
  if (first == kNowhere || last != first + page.code_bytes - 1 || qemu.ram_addr_from_host(here) != first + into)
    return false;
  qemu.test_and_clear_dirty(first, page.code_bytes, kCode);
  page.code_marked = 1;
  return false;
}

}  // namespace ktstr::control
