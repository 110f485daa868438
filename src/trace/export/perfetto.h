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

// One of several traces in one file, which a viewer takes for those of one machine: CPUs and pids of all but the first
// get other numbers.
struct TraceSide {
  std::uint32_t number = 0;     // 0: the first
  std::string label;            // goes to the names of its tracks; empty: there is one
  std::uint32_t first_cpu = 0;  // the number that CPU 0 gets
  std::uint32_t cpus = 0;       // of all together; 0: those of this one
  std::int64_t shift_ns = 0;    // is added to all times
  // What is added to pids, which are below it (PID_MAX_LIMIT is 4194304).
  static constexpr std::int32_t kPids = 10'000'000;
};

class PerfettoWriter {
 public:
  using Sink = std::function<Status(ByteSpan)>;
  // Gives what it has written to `sink`, in parts. After a failure nothing more is written, and finish() says why.
  PerfettoWriter(const TraceHeader& header, const TraceMarks& marks, Sink sink, TraceSide side = {});
  ~PerfettoWriter();
  void add(const TraceEvent& event);
  Status finish(std::uint64_t not_stored);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// All of a file.
Status export_perfetto(TraceReader& reader, const TraceMarks& marks, const PerfettoWriter::Sink& sink,
                       const TraceSide& side = {});

}  // namespace ktstr
