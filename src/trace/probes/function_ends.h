// SPDX-License-Identifier: Apache-2.0
//
// Where a function of the kernel ends: each instruction of it that returns, and those that jump out of it, after which
// another function returns in its place. Which instructions those are the plugin sees when the guest comes to them.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "kernel/btf.h"
#include "kernel/kallsyms.h"
#include "probe_page.h"

namespace ktstr {

// For each of its parts: the function itself, and what the compiler has put away because it seldom runs. `probe` is
// what is done there.
std::vector<control::ExitProbe> ends_of(const KernelSymbols& symbols, const Symbol& function,
                                        const control::Probe& probe);

// What returns from where a jump to it is: a kernel's mitigations have it instead of `ret`.
std::vector<std::uint64_t> return_thunks(const KernelSymbols& symbols);

}  // namespace ktstr
