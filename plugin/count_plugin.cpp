// SPDX-License-Identifier: GPL-2.0-or-later
//
// A TCG plugin for short_run.py: counts the instructions that a guest executes and the blocks that QEMU translates.
//
//   -plugin file=ktstr-count.so,out=FILE    FILE: two numbers of 64 bits, up to date all along
//
// One thread runs all vCPUs under -icount, so plain variables do.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <unordered_set>

#include "qemu_api.h"

namespace {

struct Counts {
  std::uint64_t instructions, blocks, addresses;
};
Counts* counts = nullptr;

void on_block(unsigned, void* instructions) { counts->instructions += reinterpret_cast<std::uintptr_t>(instructions); }

void on_translation(std::uint64_t, qemu_plugin_tb* block) {
  static std::unordered_set<std::uint64_t> seen;
  ++counts->blocks;
  if (seen.insert(qemu_plugin_tb_vaddr(block)).second) ++counts->addresses;
  qemu_plugin_register_vcpu_tb_exec_cb(block, on_block, 0, reinterpret_cast<void*>(qemu_plugin_tb_n_insns(block)));
}

}  // namespace

#define KTSTR_EXPORT __attribute__((visibility("default")))
extern "C" {
KTSTR_EXPORT int qemu_plugin_version = 4;  // QEMU 9.2 to 10.0

KTSTR_EXPORT int qemu_plugin_install(std::uint64_t id, const QemuInfo*, int argc, char** argv) {
  if (argc != 1 || std::strncmp(argv[0], "out=", 4) != 0) return 1;
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
