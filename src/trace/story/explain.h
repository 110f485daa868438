// SPDX-License-Identifier: Apache-2.0
//
// Why a task did not run for some time: what it was itself, what ran instead where it could have run, and whose doing
// that is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/enum_names.h"
#include "base/result.h"
#include "trace/scheduling.h"
#include "trace/trace_file.h"

namespace ktstr {

enum class Guilty : std::uint8_t {
  kNobody,       // it ran, or slept of its own will
  kScheduler,    // of the task's class: the BPF scheduler, or the kernel's own
  kRealTime,     // real-time or deadline tasks took the CPUs that it may run on
  kHigherClass,  // tasks of another class above its own did
  kQuota,        // cpu.max of its cgroup, or of one above
  kFreezer,      // its cgroup was frozen
  kInterrupts,
  kNoCpu,  // none of the CPUs that it may run on was online
};
EnumNames<Guilty> names_of(Guilty);  // "nobody", "the scheduler", "real-time tasks", ...

struct CpuUser {
  std::int32_t pid = 0;
  std::string comm;
  std::uint64_t ran_ns = 0;
  bool real_time = false, higher_class = false;  // than that of the task that waits
};

struct CpuStory {
  std::uint32_t cpu = 0;
  std::uint64_t idle_ns = 0, offline_ns = 0, irq_ns = 0;  // interrupts are a part of what they interrupted
  std::vector<CpuUser> users;                             // most first
};

struct WaitStory {
  std::int32_t pid = 0;
  std::string comm;
  std::string cgroup;  // its path, as it was last
  std::uint64_t from_ns = 0, to_ns = 0;
  std::uint64_t ran_ns = 0, waited_ns = 0, slept_ns = 0, throttled_ns = 0, frozen_ns = 0;
  std::optional<SchedClass> sched_class;
  std::uint16_t waited_on = 0;       // the CPU whose queue it was on, in the longest of its waits
  bool in_no_queue = false;          // a BPF scheduler's: it put it into no queue since it became runnable
  std::optional<std::uint64_t> dsq;  // ... or into this one
  std::vector<CpuStory> cpus;        // that it may run on, or was on
  bool anywhere = true;              // it may run on all CPUs
  bool affinity_known = true;        // false: nothing shows where it may run
  bool whole = true;                 // false: events were lost. Either way nobody is called guilty of what needs them
  bool in_real_time = false;         // the host may have held a CPU back, which nothing shows
  Guilty guilty = Guilty::kNobody;
};

// What the trace says of a task between two moments of guest time. kNotFound where it says nothing of the task.
Result<WaitStory> explain(TraceReader& trace, std::int32_t pid, std::uint64_t from_ns, std::uint64_t to_ns);

// In one or two sentences, without the task's name: "it waited 412 ms on CPU 2 ...; meanwhile CPU 0 ran hog (71%) ...".
std::string to_text(const WaitStory& story);

// The parts that it is made of: "in 605.3 ms it waited 453.4 ms, ran 151.8 ms"; "it was in the scheduler's queue 0x0",
// or ""; "any CPU", "CPUs 0,2".
std::string what_it_did(const WaitStory& story);
std::string queue_text(const WaitStory& story);
std::string cpu_list(const WaitStory& story);
// The CPUs that explain most first: the idle ones, then the one that it waited for.
std::vector<CpuStory> most_telling(const WaitStory& story);

// Whose doing it was: "the BPF scheduler", "real-time tasks"; "" for nobody's.
std::string cause_of(const WaitStory& story);
// "...; cause: the BPF scheduler".
std::string with_cause(const WaitStory& story);

// "the local queue of CPU 3", "the scheduler's queue 0x5" ...; `on`: the CPU of whom "local" is.
std::string dsq_text(std::uint64_t dsq, std::uint32_t on);

}  // namespace ktstr
