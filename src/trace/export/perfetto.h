// SPDX-License-Identifier: Apache-2.0
//
// A trace as ui.perfetto.dev and Perfetto's trace_processor open it. Scheduling is given as the kernel's own ftrace
// events (sched_switch, sched_waking, task_newtask, ...), so that it is shown as that of any machine: CPU slices,
// thread states, wakeups. What has no such event is on tracks of its own: the scenario with its steps and ops,
// findings, cgroups with the number of CPUs that run their tasks, queues of a BPF scheduler, and the rest by CPU.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "trace/trace_file.h"

namespace ktstr {

// With the same time twice it is a moment.
struct TraceSpan {
  std::string name;
  std::uint64_t begin_ns = 0, end_ns = 0;  // guest CLOCK_MONOTONIC
};

// What a run knows of itself beside the recorder.
struct TraceMarks {
  std::vector<TraceSpan> steps, ops, findings;
};

class PerfettoWriter {
 public:
  using Sink = std::function<Status(ByteSpan)>;
  // Gives what it has written to `sink`, in parts. After a failure nothing more is written, and finish() says why.
  PerfettoWriter(const TraceHeader& header, const TraceMarks& marks, Sink sink);
  ~PerfettoWriter();
  void add(const TraceEvent& event);
  Status finish(std::uint64_t not_stored);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// All of a file.
Status export_perfetto(TraceReader& reader, const TraceMarks& marks, const PerfettoWriter::Sink& sink);

}  // namespace ktstr
