// SPDX-License-Identifier: Apache-2.0
//
// The flags of /proc/sys/kernel/tainted (Documentation/admin-guide/tainted-kernels.rst).
#pragma once

#include <cstdint>
#include <string>

namespace ktstr {

// "WO", in the order of the bits; '?' for a bit that is not known.
std::string taint_letters(std::uint64_t mask);
// "W (a warning was issued), O (an out-of-tree module was loaded)".
std::string describe_taint(std::uint64_t mask);
// Those that loading a module sets, whatever it does: a run's own payload may have done that.
constexpr std::uint64_t kModuleTaints =
    1u << 0 | 1u << 1 | 1u << 10 | 1u << 12 | 1u << 13 | 1u << 15 | 1u << 16 | 1u << 18;  // P F C O E K X N
// Those that come with a report in the log: machine check, bad page, die, warning, soft lockup.
constexpr std::uint64_t kReportTaints = 1u << 4 | 1u << 5 | 1u << 7 | 1u << 9 | 1u << 14;

}  // namespace ktstr
