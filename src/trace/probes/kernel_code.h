// SPDX-License-Identifier: Apache-2.0
//
// Functions of the kernel whose accesses to memory are watched, out of its symbols:
//
//   update_curr                 each function of this name, with the parts that the compiler has split off (.cold,
//   .isra.0) update_curr,pick_eevdf      several kernel/sched                all functions of the scheduler
//
// The scheduler's object files lie side by side in .text, as kernel/Makefile has them linked: from the first function
// of kernel/sched/core.c, which are those of its trace events, to the first of kernel/locking. What is to be left out
// of stack traces (__sched) is in a section of its own: schedule() and, with it, what waits for locks. The parts of the
// scheduler in .text.unlikely and .noinstr.text are not among them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernel/kallsyms.h"
#include "probe_page.h"
#include "trace/trace_event.h"

namespace ktstr {

constexpr std::string_view kSchedulerOfKernel = "kernel/sched";

struct KernelFunction {
  std::string name;
  std::uint64_t start = 0, end = 0;  // the beginning of what comes next in the image
};

// A list in its usual form, without spaces; "" for none. kInvalidArgument: it is no list of names.
Result<std::string> parse_kernel_code(std::string_view list);

// In the order of their addresses, with the room that is left before functions ("__pfx_update_curr"). kInvalidArgument
// names what the kernel does not have.
Result<std::vector<KernelFunction>> kernel_code(const KernelSymbols& symbols, std::string_view list);

// As events of `time_ns`: FunctionSeen, without the room before functions.
std::vector<TraceEvent> functions_seen(std::uint64_t time_ns, const std::vector<KernelFunction>& functions);

// What is watched of the kernel's own code. Only what `ends` touches ends holds. kUnsupported: these are too many
// pieces.
Result<std::vector<control::WatchedCode>> watched_code(const std::vector<KernelFunction>& seen,
                                                       const std::vector<KernelFunction>& ends);

}  // namespace ktstr
