// SPDX-License-Identifier: Apache-2.0
//
// What holds at every moment under any sane scheduler, judged at every event.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "trace/scheduling.h"

namespace ktstr {

enum class Invariant : std::uint8_t {
  kWorkConservation,  // no CPU stays idle while a task waits that may run there
  kWaitAge,           // no task waits for too long
  kAllowedCpu,        // no task runs where it may not
};
EnumNames<Invariant> names_of(Invariant);  // "work_conservation", "wait_age", "allowed_cpu"

// One stretch of time in which it did not hold.
struct Breach {
  std::int32_t pid = 0;
  std::uint16_t cpu = 0;      // where the task waited, or ran
  std::uint64_t from_ns = 0;  // guest time
  std::uint64_t to_ns = 0;
  CpuMask idle{};     // CPUs that were idle for all or a part of it, and that the task may run on
  CpuMask allowed{};  // all that it may run on
  std::uint64_t length_ns() const { return to_ns - from_ns; }
};

struct InvariantResult {
  Invariant invariant = Invariant::kWorkConservation;
  std::uint64_t limit_ns = 0;  // of one breach; 0: any is too long
  std::uint64_t too_long = 0;  // how many breaches were longer
  std::uint64_t seen = 0;      // how many there were at all: brief ones are a scheduler's way of working
  std::uint64_t total_ns = 0;  // of all; those of several tasks at a time count several times
  std::optional<Breach> worst;
  bool holds() const { return too_long == 0; }
};

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
  const Scheduling& scheduling() const { return now_; }

 private:
  struct Wait {
    std::uint64_t since_ns = 0;
    std::optional<std::uint64_t> idle_since_ns;  // a CPU that it may run on has been idle without a break
    CpuMask idle{};
  };

  void before(const Transition& transition);
  void after(const TraceEvent& event);
  void note_idle();
  void note_waiting(std::int32_t pid);
  void look_at_idle(std::int32_t pid, Wait& wait);
  void end_idle(std::int32_t pid, Wait& wait, std::uint64_t at_ns);
  void end_wait(std::int32_t pid, std::uint64_t at_ns);
  void report(Invariant invariant, const Breach& breach);
  bool may_be_run(const TaskNow& task) const;
  InvariantResult& result(Invariant invariant) { return results_[static_cast<std::size_t>(invariant)]; }

  Scheduling now_;
  std::map<std::int32_t, Wait> waiting_;
  std::size_t waits_beside_idle_ = 0;
  CpuMask idle_{};
  std::vector<std::int32_t> changed_;  // that wait from this event on
  std::optional<std::uint64_t> judged_from_;
  bool over_ = false;
  std::vector<InvariantResult> results_;
};

}  // namespace ktstr
