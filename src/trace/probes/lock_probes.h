// SPDX-License-Identifier: Apache-2.0
//
// Where a kernel takes and releases spinlocks, its own and those of BPF code: probes of the functions that do it, as
// LockUse has them. Reader-writer locks, mutexes and what BPF code makes of atomic instructions are not among them.
#pragma once

#include <vector>

#include "kernel/kallsyms.h"
#include "probe_page.h"

namespace ktstr {

struct LockProbes {
  std::vector<control::Probe> probes;    // of their beginnings
  std::vector<control::ExitProbe> ends;  // where they return
  std::vector<std::uint64_t> thunks;     // see function_ends.h
};
LockProbes lock_probes(const KernelSymbols& symbols);

}  // namespace ktstr
