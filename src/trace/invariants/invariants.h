// SPDX-License-Identifier: Apache-2.0
//
// What holds at every moment under any sane scheduler, judged at every event.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "trace/invariants/watch.h"

namespace ktstr {

struct InvariantResult {
  Invariant invariant = Invariant::kWorkConservation;
  std::uint64_t limit = 0;     // of one breach, as Breach::size(); 0: any is too long
  std::uint64_t too_long = 0;  // how many breaches were longer
  std::uint64_t seen = 0;      // how many there were at all: brief ones are a scheduler's way of working
  // kWeightOrder: how often a task was compared with lighter ones; kWeightShare: how often those of a CPU; kBandwidth:
  // of how many quotas tasks ran
  std::uint64_t compared = 0;
  std::optional<Breach> worst;
  bool holds() const { return too_long == 0; }
};

// The kinds of events without which it cannot be judged: a kernel that does not show them is not judged by it.
const std::vector<TraceKind>& kinds_needed(Invariant invariant);

struct InvariantLimits {
  std::uint64_t idle_wait_ns = 100'000'000;
  std::uint64_t wait_ns = 2'000'000'000;
  std::uint64_t starved_ns = 500'000'000;  // 0, as of the two below: not looked at
  std::uint64_t slice_ns = 200'000'000;
  std::uint64_t moves = 50;  // a second of a task's run time
  bool weight_order = true;
  bool weight_share = true;
  std::uint64_t weight_slice_ns = 0;  // of these two: the longest that a task may rightly run without a break
  bool bandwidth = true;
  bool bandwidth_of_ext = false;                 // quotas bind the tasks of a BPF scheduler as well
  std::uint64_t bandwidth_late_ns = 15'000'000;  // by how much a CPU may notice the end of a quota late
  std::uint64_t queue_depth = 0;
  // When the BPF scheduler that these are of was not in charge: before it came, after it went, and between two of them.
  // What reaches into such a time is too long only where its part outside of it is, or where it is longer than these,
  // too: of no task is it said that it was lost then.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> without_ns = {};
  std::uint64_t idle_wait_without_ns = 0, starved_without_ns = 0;
  // task_struct.prio of those that test, and above: what they keep from running is not the scheduler's doing. -1: there
  // are none
  std::int32_t harness_prio = -1;
};

class Invariants : BreachSink {
 public:
  explicit Invariants(const InvariantLimits& limits);
  Invariants(Invariants&&) = default;
  ~Invariants() override = default;

  // Only what is between begin() and end() is judged; what came before is only followed.
  void add(const TraceEvent& event);
  void begin(std::uint64_t at_ns);
  void end(std::uint64_t at_ns);

  const std::vector<InvariantResult>& results() const { return results_; }

 private:
  struct Wait {
    std::uint64_t since_ns = 0;
    bool kept_off = false;  // not the scheduler's to run: the wait begins when that ends
  };
  // A CPU that is idle, and for which there has been a task at every moment since. In a break something runs there.
  struct IdleCpu {
    std::uint64_t since_ns = 0;
    std::int32_t pid = 0;  // one that waits, and since when it is this one
    std::uint64_t pid_since_ns = 0;
    std::int32_t waited_longest = 0;  // of those before it
    std::uint64_t longest_ns = 0;
    Breaks breaks{};
  };

  void before(const Transition& transition);
  void after(const TraceEvent& event);
  void look_at_idle_cpus();
  bool goes_on(std::uint32_t cpu, IdleCpu& one, bool is_wanted, bool is_idle);
  void note_waits_for(IdleCpu& one, std::int32_t pid) const;
  CpuBits idle_cpus() const;
  CpuBits mask_of(std::int32_t pid) const;
  // Whether the kernel has it in the local queue of a CPU that the harness itself keeps: no scheduler was asked for
  // another place.
  bool is_behind_harness(std::int32_t pid) const;
  bool waits_for(std::int32_t pid, std::uint32_t cpu) const;
  std::int32_t oldest_for(std::uint32_t cpu) const;  // 0: nobody
  void note_waiting(std::int32_t pid);
  void look_at_wait(std::int32_t pid, Wait& wait);
  void end_idle(std::uint32_t cpu, const IdleCpu& one, std::uint64_t at_ns);
  void end_wait(std::int32_t pid, std::uint64_t at_ns);
  void report_wait(std::int32_t pid, const Wait& wait, std::uint64_t at_ns);
  void report(Invariant invariant, const Breach& breach) override;
  void note_compared(Invariant invariant) override;
  Moment moment(std::uint64_t at_ns) const { return {now_, at_ns, judged_from_.value_or(0)}; }
  InvariantResult& result(Invariant invariant) { return results_[static_cast<std::size_t>(invariant)]; }

  bool is_too_long(Invariant invariant, const Breach& breach) const;

  const InvariantLimits limits_;
  const std::int32_t harness_prio_;
  Scheduling now_;
  std::vector<std::unique_ptr<Watch>> watches_;  // of those invariants that are not judged here
  std::map<std::int32_t, Wait> waiting_;
  std::map<std::uint32_t, IdleCpu> idle_since_;
  std::vector<std::int32_t> changed_;  // that wait from this event on
  std::optional<std::uint64_t> judged_from_;
  bool over_ = false;
  std::vector<InvariantResult> results_;
};

}  // namespace ktstr
