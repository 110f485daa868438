// SPDX-License-Identifier: Apache-2.0
//
// What each of the invariants (invariants.h) is: something that looks at each event, and reports.
#pragma once

#include <cstdint>

#include "base/enum_names.h"
#include "trace/scheduling.h"

namespace ktstr {

enum class Invariant : std::uint8_t {
  kWorkConservation,  // no CPU stays idle while a task waits that may run there, be it always another one
  kWaitAge,           // no task waits for too long
  kAllowedCpu,        // no task runs where it may not
  kStarvation,        // no task waits while another, which is not above it, runs on and on
  kLostTask,          // the same of one that a BPF scheduler has in no queue
  kMaxSlice,          // no task keeps a CPU for long from one that waits for that very CPU
  kPingPong,          // no task is taken off CPUs that have nothing else to run, again and again
  kWeightOrder,       // no task gets clearly less than one of a lower weight
  kWeightShare,       // every task gets about what its weight entitles it to
  kBandwidth,         // no cgroup gets clearly more than its quota, nor is kept off by it far below
  kQueueDepth,        // no queue of a BPF scheduler is too deep
};
EnumNames<Invariant> names_of(Invariant);  // "work_conservation", "wait_age", "allowed_cpu" ...

// One stretch of time in which it did not hold.
struct Breach {
  std::int32_t pid = 0;       // kWorkConservation: one of those that waited
  std::uint16_t cpu = 0;      // kWorkConservation: the idle one; else where the task waited, or ran
  std::uint64_t from_ns = 0;  // guest time
  std::uint64_t to_ns = 0;
  std::int32_t other = 0;  // who ran instead; 0: it is about nobody
  // kStarvation, kLostTask, kWeightOrder: ns that `other` ran; kPingPong: moves a second; kBandwidth: ns above the
  // quota, or below; kWeightShare: ns above what `other` is entitled to, or below what `pid` is; kQueueDepth: tasks
  std::uint64_t amount = 0;
  // kWeightOrder: ns that the task itself ran; kWeightShare: that whoever is off by `amount` ran; kBandwidth: that the
  // cgroup's tasks ran
  std::uint64_t own = 0;
  std::uint64_t group = 0;  // kBandwidth: the cgroup; kQueueDepth: the queue
  bool is_below = false;    // kBandwidth, kWeightShare
  std::uint64_t length_ns() const { return to_ns - from_ns; }
  std::uint64_t size() const { return amount != 0 ? amount : length_ns(); }  // what is compared with the limit
};

// What there is to look at, and where to report.
struct Moment {
  const Scheduling& now;
  std::uint64_t at_ns = 0;
  std::uint64_t judged_from_ns = 0;  // what was before is not judged
};

// Moments within a stretch of time in which a CPU did something else, as the agent's heartbeats are: the stretch goes
// on after each, unless it took longer than 1 ms or all of them took a tenth of it.
class Breaks {
 public:
  void begin(std::uint64_t at_ns) {
    if (since_ns_ == 0) since_ns_ = at_ns;
  }
  bool is_in_one() const { return since_ns_ != 0; }
  std::uint64_t since_ns() const { return since_ns_; }
  bool is_too_long(std::uint64_t at_ns) const { return is_in_one() && at_ns - since_ns_ > kLongestNs; }
  // At the end of one. False: the stretch, which began at `from_ns`, had ended where that began.
  bool end(std::uint64_t at_ns, std::uint64_t from_ns) {
    if (!is_in_one()) return true;
    const std::uint64_t all = all_ns_ + at_ns - since_ns_;
    if (is_too_long(at_ns) || all >= (at_ns - from_ns) / kLeastPart) return false;
    all_ns_ = all;
    since_ns_ = 0;
    return true;
  }

 private:
  static constexpr std::uint64_t kLongestNs = 1'000'000, kLeastPart = 10;
  std::uint64_t since_ns_ = 0, all_ns_ = 0;
};

class BreachSink {
 public:
  virtual ~BreachSink() = default;
  virtual void report(Invariant invariant, const Breach& breach) = 0;
  // That there was something to judge, where there is not always.
  virtual void note_compared(Invariant invariant) = 0;
};

class Watch {
 public:
  virtual ~Watch() = default;
  // A transition before it takes effect, and the event after it has.
  virtual void before(const Transition& transition, const Moment& moment, BreachSink& sink) = 0;
  virtual void after(const TraceEvent& event, const Moment& moment, BreachSink& sink) = 0;
  // What is still under way.
  virtual void end(const Moment& moment, BreachSink& sink) = 0;
};

// What leaves its CPU sooner has likely yielded, which looks the same as a preemption.
constexpr std::uint64_t kShortTurnNs = 1'000'000;

// Each task that may begin to wait or to run, or end or change that, with an event.
template <typename Visit>
void for_each_concerned(const TraceEvent& event, const Scheduling& now, Visit&& visit) {
  switch (event.kind) {
    case TraceKind::kSwitch:
    case TraceKind::kEnqueue:
    case TraceKind::kDequeue:
    case TraceKind::kAffinity:
    case TraceKind::kCgroupMove:
    case TraceKind::kDsqInsert:
    case TraceKind::kDsqInsertVtime:
    case TraceKind::kDsqMove:
      return visit(static_cast<std::int32_t>(event.values[0]));  // all have the task first
    case TraceKind::kThrottle:
    case TraceKind::kUnthrottle:
      for (const auto& [pid, task] : now.tasks())
        if (task.phase == TaskPhase::kWaiting || task.phase == TaskPhase::kRunning) visit(pid);
      return;
    default:
      return;
  }
}

// Whether the scheduler may run a task that waits. One that is kept from running, by a quota or because its class has
// it on no queue, is not its to run. A deadline task may have used up its runtime, which no event says.
bool may_be_run(const TaskNow& task, const Scheduling& now);

inline constexpr std::uint32_t kSchedIdle = 5;  // include/uapi/linux/sched.h

// Whether one weighs more than another by nice value; SCHED_IDLE is below all of them.
bool is_above(const Rank& one, const Rank& other);

}  // namespace ktstr
