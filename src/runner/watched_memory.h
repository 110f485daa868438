// SPDX-License-Identifier: Apache-2.0
//
// What of a run's memory is looked at, and by which names: the code of a BPF scheduler, functions of the kernel, and
// where CPUs are held in them.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernel/btf.h"
#include "kernel/kallsyms.h"
#include "trace/probes/bpf_source.h"
#include "trace/probes/handed_out.h"
#include "trace/probes/holds.h"
#include "trace/probes/kernel_code.h"
#include "trace/probes/kernel_data.h"
#include "trace/probes/lock_probes.h"

namespace ktstr {

// What a kernel's image says of its functions, variables and types.
struct KernelNames {
  KernelSymbols symbols;
  Btf btf;
};
// Remembered in this process by the image's sha256.
Result<std::shared_ptr<const KernelNames>> kernel_names_in(const std::filesystem::path& vmlinux,
                                                           const std::string& sha256);

struct WatchedMemory {
  bool accesses = false;  // are events
  std::vector<PlannedHold> schedule;
  BpfSourceLayout layout;
  std::vector<control::WatchedCode> kernel;  // its code that is watched
  std::vector<KernelFunction> functions;     // of that code
  std::shared_ptr<const KernelNames> names;  // of the kernel
  std::optional<KernelData> data;            // where accesses are events
  LockProbes locks;                          // likewise
  HandedOut handed_out;                      // likewise
  bool any() const { return accesses || !schedule.empty(); }
};

// `kernel`: as kernel_code() takes it; what else is watched follows from the schedule alone, so that the same schedule
// gives the same run. kInvalidArgument: the kernel has no such functions.
Result<WatchedMemory> watched_memory(bool accesses, const std::string& kernel, const std::string& schedule,
                                     const std::filesystem::path& vmlinux, const std::string& sha256);

}  // namespace ktstr
