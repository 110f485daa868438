// SPDX-License-Identifier: Apache-2.0
//
// How things stood when a trace ended, or at a moment of it: what each CPU ran and since when, and who waited. For
// guests that hung, and for schedulers that the kernel ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "trace/scheduling.h"
#include "trace/trace_file.h"

namespace ktstr {

struct CpuAtEnd {
  std::uint32_t cpu = 0;
  std::int32_t pid = 0;  // 0: idle
  std::string comm;
  bool online = true, real_time = false;
  std::uint64_t since_ns = 0;       // that it runs, or is idle; 0: not known
  std::uint64_t last_event_ns = 0;  // of any kind on this CPU; 0: there was none
};

struct TaskAtEnd {
  std::int32_t pid = 0;
  std::string comm;
  TaskPhase phase = TaskPhase::kUnknown;
  std::uint64_t since_ns = 0;  // of the phase
  std::uint16_t cpu = 0;
};

struct TraceEnd {
  std::uint64_t at_ns = 0;  // of the last event
  bool is_cut_off = false;  // there were more, which are not in the trace
  std::vector<CpuAtEnd> cpus;
  std::vector<TaskAtEnd> waiting;  // longest first; not those that a quota keeps off
  std::optional<TaskAtEnd> task;   // the one that was asked for
  // When the kernel ended a BPF scheduler for one of the reasons that were asked for.
  std::optional<std::uint64_t> scheduler_exit_ns;
};

struct EndAsked {
  std::uint64_t until_ns = UINT64_MAX;
  // Stop where the kernel ends a BPF scheduler for one of these reasons (enum scx_exit_kind): things are as they were
  // then. Only from `exit_after_ns` on.
  std::optional<std::pair<std::uint32_t, std::uint32_t>> exit_reasons;
  std::uint64_t exit_after_ns = 0;
  std::int32_t pid = 0;
};
// kNotFound for a trace without an event.
Result<TraceEnd> trace_end(TraceReader& trace, const EndAsked& asked = {});

// "CPU 0 ran hog (pid 131) since 1.203 s, with no event after 1.203 s; CPU 1 was idle; ...". Seconds are since
// `begin_ns`; what is older has none.
std::string to_text(const TraceEnd& end, std::uint64_t begin_ns);

}  // namespace ktstr
