// SPDX-License-Identifier: Apache-2.0
//
// Where the recorder looks in a kernel: for each kind of event a function of the kernel and what is read there, by the
// names of the kind's fields. Worked out for a kernel from its image alone, and never by its version: what a kernel
// does not have is missing, with the reason.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "kernel/btf.h"
#include "kernel/elf.h"
#include "kernel/kallsyms.h"
#include "probe_page.h"
#include "trace/events.h"

namespace ktstr {

// Where things are that are read while the guest stands still. 0: not in this kernel.
struct KernelLayout {
  std::uint64_t banner = 0;  // linux_banner: "Linux version ...", by which a guest is known, and how it begins
  std::array<char, 64> banner_text{};
  std::uint64_t page_offset_base = 0, pgdir_shift = 0, top_table = 0;
  std::uint64_t init_task = 0, tasks = 0, signal = 0, thread_head = 0, thread_node = 0;  // and offsets of members
  std::uint64_t runqueues = 0, per_cpu_offset = 0;
  std::uint64_t tsc_khz = 0;
  control::Probe task{}, cgroup{}, cpu{};  // what is read of each: TaskSeen, CgroupSeen, CpuSeen
};

struct MissingProbe {
  TraceKind kind = TraceKind::kSwitch;
  std::string field;  // "" for the whole kind
  std::string why;
};

struct KernelProbes {
  std::vector<control::Probe> probes;  // in the order of their addresses
  KernelLayout layout;
  std::vector<MissingProbe> missing;
};

// kNotFound: the image has no symbols or no BTF, or lacks what no recorder can do without.
Result<KernelProbes> find_probes(ByteSpan vmlinux);

// That each row has the fields of its kind, in their order. kInternal: which has not.
Status check_catalogue();

// The same as find_probes(), remembered in `directory` by the kernel's sha256 until the catalogue changes.
Result<KernelProbes> probes_of(const fs::path& vmlinux, const std::string& sha256, const fs::path& directory);

}  // namespace ktstr
