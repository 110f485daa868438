// SPDX-License-Identifier: GPL-2.0-or-later
//
// A TCG plugin for short_run.py and work_cost.py: counts the instructions that a guest executes, the blocks that QEMU
// translates, and the instructions that user programs execute, with those of them in blocks that begin at some
// addresses.
//
//   -plugin file=ktstr-count.so,out=FILE[,at=FROM-TO+FROM-TO...]    FILE: Counts, up to date all along
//
// One thread runs all vCPUs under -icount, so plain variables do.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <unordered_set>
#include <utility>
#include <vector>

#include "qemu_api.h"

namespace {

struct Counts {
  std::uint64_t instructions, blocks, addresses, user, chosen;
};
Counts* counts = nullptr;
std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;  // [from, to)

// "401000-401020+7f0000000000-800000000000"
bool read_ranges(const char* text) {
  for (char* end = nullptr;; text = end + 1) {
    const std::uint64_t from = std::strtoull(text, &end, 16);
    if (*end != '-') return false;
    ranges.emplace_back(from, std::strtoull(end + 1, &end, 16));
    if (*end == '\0') return true;
    if (*end != '+') return false;
  }
}

bool is_chosen(std::uint64_t at) {
  for (const auto& [from, to] : ranges)
    if (at >= from && at < to) return true;
  return false;
}

void on_block(unsigned, void* instructions) { counts->instructions += reinterpret_cast<std::uintptr_t>(instructions); }

void on_user_block(unsigned, void* instructions) { counts->user += reinterpret_cast<std::uintptr_t>(instructions); }
void on_chosen_block(unsigned, void* instructions) { counts->chosen += reinterpret_cast<std::uintptr_t>(instructions); }

void on_translation(std::uint64_t, qemu_plugin_tb* block) {
  static std::unordered_set<std::uint64_t> seen;
  ++counts->blocks;
  if (seen.insert(qemu_plugin_tb_vaddr(block)).second) ++counts->addresses;
  void* const instructions = reinterpret_cast<void*>(qemu_plugin_tb_n_insns(block));
  qemu_plugin_register_vcpu_tb_exec_cb(block, on_block, 0, instructions);
  if (ranges.empty() || qemu_plugin_tb_vaddr(block) >> 63 != 0) return;
  qemu_plugin_register_vcpu_tb_exec_cb(block, on_user_block, 0, instructions);
  if (is_chosen(qemu_plugin_tb_vaddr(block)))
    qemu_plugin_register_vcpu_tb_exec_cb(block, on_chosen_block, 0, instructions);
}

}  // namespace

#define KTSTR_EXPORT __attribute__((visibility("default")))
extern "C" {
KTSTR_EXPORT int qemu_plugin_version = 4;  // QEMU 9.2 to 10.0

KTSTR_EXPORT int qemu_plugin_install(std::uint64_t id, const QemuInfo*, int argc, char** argv) {
  if (argc < 1 || std::strncmp(argv[0], "out=", 4) != 0) return 1;
  if (argc == 2 && (std::strncmp(argv[1], "at=", 3) != 0 || !read_ranges(argv[1] + 3))) return 1;
  const int fd = ::open(argv[0] + 4, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || ::ftruncate(fd, sizeof(Counts)) != 0) return 1;
  void* const mapped = ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (mapped == MAP_FAILED) return 1;
  counts = static_cast<Counts*>(mapped);
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  return 0;
}
}
