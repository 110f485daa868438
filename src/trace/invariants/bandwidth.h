// SPDX-License-Identifier: Apache-2.0
//
// kBandwidth: a cgroup with a quota (cpu.max) does not get clearly more than that, and is not kept off by it while it
// has had much less. Both are buckets. What the cgroup's tasks run fills the first, which leaks a little faster than
// the quota refills; the time in which they are kept off, and owe nothing, fills the second at half that speed. A
// kernel may let a task run on that is in the middle of a system call when its quota is used up, and has the cgroup pay
// on that CPU afterwards: what that was leaks as fast, and goes into the first bucket when they run there before it is
// paid.
#pragma once

#include <map>
#include <vector>

#include "trace/invariants/watch.h"

namespace ktstr {

class Bandwidth : public Watch {
 public:
  // `of_ext`: the quota binds the tasks of a BPF scheduler as well. `late_ns`: by how much a CPU may notice late that a
  // quota is used up, what it has of it in advance included.
  Bandwidth(bool of_ext, std::uint64_t late_ns) : of_ext_(of_ext), late_ns_(late_ns) {}
  void before(const Transition&, const Moment&, BreachSink&) override {}
  void after(const TraceEvent& event, const Moment& moment, BreachSink& sink) override;
  void end(const Moment& moment, BreachSink& sink) override;

 private:
  // kRunsOn: although it is to be kept off.
  enum class Does : std::uint8_t { kNothing, kRuns, kRunsOn, kIsKeptOff, kWaits };
  struct Of {
    Does does = Does::kNothing;
    std::vector<std::uint64_t> groups;  // with a quota, in which it is
    std::uint16_t cpu = 0;
    bool operator==(const Of&) const = default;
  };
  // In CPU time. `from`: since when it is not empty; the rest is as it was when there was most in it.
  struct Bucket {
    double level = 0, most = 0;
    std::uint64_t from_ns = 0, ran_ns = 0;
    std::uint64_t most_at_ns = 0, ran_at_most_ns = 0;
    std::int32_t pid = 0;
  };
  // What the tasks on a CPU ran on.
  struct Owed {
    double level = 0;
    std::uint64_t from_ns = 0, ran_ns = 0;
    bool runs = false;
  };
  struct Quota {
    double rate = 0;  // CPU time a time
    double quota_ns = 0, burst_ns = 0;
    std::uint32_t runs = 0, runs_on = 0, kept_off = 0, waits = 0;  // tasks
    std::map<std::uint16_t, Owed> owed;                            // by CPU
    Owed due;                                                      // what was not paid
    std::uint64_t settled_ns = 0;
    CpuBits cpus{};  // on which they ran
    std::int32_t ran_last = 0, kept_off_last = 0;
    double debt = 0;  // what it has had in advance
    Bucket excess, lack;
    bool is_compared = false;
  };

  void begin(const Moment& moment);
  void set(const trace::Quota& event, const Moment& moment, BreachSink& sink);
  void follow(std::int32_t pid, const Moment& moment, BreachSink& sink);
  Of of(std::int32_t pid, const Scheduling& now) const;
  void count(std::int32_t pid, const Of& one, int change);
  void give_up();
  static void settle_owed(Quota& quota, std::uint64_t passed_ns);
  static void call_in(Quota& quota, Owed& owed);
  void settle(std::uint64_t group, Quota& quota, const Moment& moment, BreachSink& sink) const;
  void empty(std::uint64_t group, const Quota& quota, Bucket& bucket, const Moment& moment, BreachSink& sink) const;
  double limit(const Quota& quota) const;

  const bool of_ext_;
  const std::uint64_t late_ns_;
  std::uint64_t judged_from_ns_ = 0;
  std::map<std::uint64_t, Quota> quotas_;  // by cgroup
  std::map<std::int32_t, Of> tasks_;
  std::size_t looked_at_ = 0;  // of all tasks, when a quota is set
};

}  // namespace ktstr
