// SPDX-License-Identifier: Apache-2.0
//
// QEMU's command line. A pure function, so that what makes a det guest repeatable is all in one place and is compared
// literally in the test.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "engine/guest.h"
#include "engine/guest_memory.h"

namespace ktstr {

// Whether QEMU boots a kernel or waits for a saved machine (QMP migrate-incoming).
enum class Start { kBoot, kIncoming };

struct GuestFiles {
  std::filesystem::path qemu;
  std::vector<std::filesystem::path> ram;  // one a NUMA node
  std::filesystem::path doorbell;          // FIFO
  std::filesystem::path console;           // serial console, appended to
  std::vector<std::string> qmp;            // Qmp::arguments(); empty: none
  Start start = Start::kBoot;
  std::filesystem::path control_page = {};  // of the spec's plugin
  std::filesystem::path probe_page = {};    // empty: none
  std::filesystem::path acpi_table = {};    // interrupt_controller_table(), where the spec has late CPUs
};

// A value in a QEMU option list: a comma inside of it is written twice.
std::string option_value(const std::string& text);

// Whose CPUID the guest of a kvm run shows.
enum class CpuVendor { kIntel, kAmd };
// From the text of /proc/cpuinfo.
CpuVendor cpu_vendor(std::string_view cpuinfo);

// One die is one LLC: `sockets` are NUMA nodes, `dies` LLCs.
std::vector<std::string> qemu_command_line(const GuestSpec& spec, const GuestFiles& files, const MemoryLayout& memory,
                                           CpuVendor host_vendor);

// What makes the machine: the command line with names in place of paths, and nothing that differs between its boots.
std::string machine_description(const GuestSpec& spec, const MemoryLayout& memory, CpuVendor host_vendor);

// The guest's kernel command line: console, mailbox, what det mode needs, then the spec's own arguments.
std::string kernel_command_line(const GuestSpec& spec, Bytes mailbox_size);

}  // namespace ktstr
