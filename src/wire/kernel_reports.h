// SPDX-License-Identifier: Apache-2.0
//
// What lines of the kernel's log begin a report about a fault of its own. The guest keeps such reports whole, whatever
// their level; the host makes findings of them. Both by this one table.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ktstr/checks.h"

namespace ktstr {

// The kind of fault of which this line (without its time stamp) is the first that names it: kKernelOops,
// kKernelWarning, kLockdep, kHungTask, kRcuStall or kLockup.
std::optional<DetailKind> kernel_report_kind(std::string_view text);
// Whether the kernel says this of a program, whose name comes first and may be any text: "BUG: x[61]: segfault at 0 ip
// ...", "traps: PANIC: x[61] general protection fault ip:...", "Oops invoked oom-killer: ...".
bool is_about_a_program(std::string_view text);
// "------------[ cut here ]------------": a report begins, and a later line says of what.
bool is_cut_here(std::string_view text);

// "[    5.005678] text", or with more brackets, -> "text".
std::string_view without_log_stamp(std::string_view line);

// What the guest writes into the kernel's log, without a time stamp, where lines were overwritten before it could read
// them, and how many a line says; nullopt for other lines.
std::string lost_lines_text(std::uint64_t lines);
std::optional<std::uint64_t> lost_lines(std::string_view text);

}  // namespace ktstr
