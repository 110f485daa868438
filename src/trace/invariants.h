// SPDX-License-Identifier: Apache-2.0
//
// What holds at every moment under any sane scheduler, judged at every event.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/enum_names.h"
#include "trace/scheduling.h"

namespace ktstr {

enum class Invariant : std::uint8_t {
  kWorkConservation,  // no CPU stays idle while a task waits that may run there, be it always another one
  kWaitAge,           // no task waits for too long
  kAllowedCpu,        // no task runs where it may not
};
EnumNames<Invariant> names_of(Invariant);  // "work_conservation", "wait_age", "allowed_cpu"

// One stretch of time in which it did not hold.
struct Breach {
  std::int32_t pid = 0;       // kWorkConservation: one of those that waited
  std::uint16_t cpu = 0;      // kWorkConservation: the idle one; else where the task waited, or ran
  std::uint64_t from_ns = 0;  // guest time
  std::uint64_t to_ns = 0;
  std::uint64_t length_ns() const { return to_ns - from_ns; }
};

struct InvariantResult {
  Invariant invariant = Invariant::kWorkConservation;
  std::uint64_t limit_ns = 0;  // of one breach; 0: any is too long
  std::uint64_t too_long = 0;  // how many breaches were longer
  std::uint64_t seen = 0;      // how many there were at all: brief ones are a scheduler's way of working
  std::optional<Breach> worst;
  bool holds() const { return too_long == 0; }
};

// The kinds of events without which it cannot be judged: a kernel that does not show them is not judged by it.
const std::vector<TraceKind>& kinds_needed(Invariant invariant);

struct InvariantLimits {
  std::uint64_t idle_wait_ns = 100'000'000;
  std::uint64_t wait_ns = 2'000'000'000;
};

class Invariants {
 public:
  explicit Invariants(const InvariantLimits& limits);

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
  // A CPU that is idle, and for which there has been a task at every moment since.
  struct IdleCpu {
    std::uint64_t since_ns = 0;
    std::int32_t pid = 0;
  };

  void before(const Transition& transition);
  void after(const TraceEvent& event);
  void look_at_idle_cpus();
  CpuMask idle_cpus() const;
  CpuMask mask_of(std::int32_t pid) const;
  bool waits_for(std::int32_t pid, std::uint32_t cpu) const;
  std::int32_t oldest_for(std::uint32_t cpu) const;  // 0: nobody
  void note_waiting(std::int32_t pid);
  void look_at_wait(std::int32_t pid, Wait& wait);
  void end_idle(std::uint32_t cpu, const IdleCpu& one, std::uint64_t at_ns);
  void end_wait(std::int32_t pid, std::uint64_t at_ns);
  void report_wait(std::int32_t pid, const Wait& wait, std::uint64_t at_ns);
  void report(Invariant invariant, const Breach& breach);
  bool may_be_run(const TaskNow& task) const;
  InvariantResult& result(Invariant invariant) { return results_[static_cast<std::size_t>(invariant)]; }

  Scheduling now_;
  std::map<std::int32_t, Wait> waiting_;
  std::map<std::uint32_t, IdleCpu> idle_since_;
  std::vector<std::int32_t> changed_;  // that wait from this event on
  std::optional<std::uint64_t> judged_from_;
  bool over_ = false;
  std::vector<InvariantResult> results_;
};

}  // namespace ktstr
