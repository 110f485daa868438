// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the plugin uses of QEMU's plugin API: declarations of our own, because the header is in no Debian package. All
// of it is the same in every version of the API so far (1: QEMU 8.2; 2: 9.0; 3: 9.1; 4: 9.2 to 10.0).
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

struct qemu_plugin_tb;

// What QEMU says of itself when it loads a plugin; more follows in it that is not used.
struct QemuInfo {
  const char* target_name;
  struct {
    int min, cur;  // versions of the API
  } version;
};

// Called in the thread of a vCPU, with the vCPU as `current_cpu`.
void qemu_plugin_register_vcpu_init_cb(std::uint64_t id, void (*callback)(std::uint64_t id, unsigned vcpu_index));
void qemu_plugin_register_vcpu_tb_trans_cb(std::uint64_t id, void (*callback)(std::uint64_t id, qemu_plugin_tb* block));
std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb* block);
std::uint64_t qemu_plugin_tb_vaddr(const qemu_plugin_tb* block);
// `flags`: which registers the callback reads or writes; 0: none.
void qemu_plugin_register_vcpu_tb_exec_cb(qemu_plugin_tb* block, void (*callback)(unsigned vcpu_index, void* data),
                                          int flags, void* data);
}
