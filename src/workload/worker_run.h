// SPDX-License-Identifier: Apache-2.0
//
// A worker at work, seen from its loop: spin, yield, sleep, and whether to stop. Everything goes through checkpoint(),
// which measures how long the worker was away, where it runs, and publishes that and what it has counted. One that only
// works has a checkpoint every 16 work units, or every 0.9 ms where its CPU is too slow for that. All of it, the
// counting of units too, is less than 1 % of what a hog executes, at full speed and on a CPU of 31 MIPS
// (bench/work_cost.py). Runs in the worker process: no allocation, no locks. Loops look like
//
//   while (!run.stopping()) {
//     run.spin(2048);
//     run.end_iteration();
//   }
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "ktstr/topology.h"
#include "workload/group_resources.h"
#include "workload/worker_slot.h"

namespace ktstr {

// What a run sees of the machine; tests put their own in place.
struct RunProbes {
  std::uint64_t (*now_ns)();  // CLOCK_MONOTONIC
  Cpu (*cpu)();
  void (*yield)();
  // Until `word` is no longer `expected` or `until_ns` (0: never); may return early.
  void (*wait)(const FutexWord& word, std::uint32_t expected, std::uint64_t until_ns);
  // Until one of the files can be read; may return early.
  void (*wait_readable)(int file, int other);
  std::uint64_t (*cpu_time_ns)();  // CLOCK_THREAD_CPUTIME_ID

  static RunProbes real();
};

class WorkerRun {
 public:
  // Spins of a work unit: about 25 us of a TCG guest's time at 8 ns an instruction.
  static constexpr std::uint32_t kSpinsPerUnit = 1024;
  // Between two checkpoints of one that only works: so many work units at most, and about so long at most, by the pace
  // of those before. The time between two checkpoints is what a gap is measured by, and its limit may be 1 ms.
  static constexpr std::uint32_t kUnitsPerCheckpoint = 16;
  // What spins looks for the stop after so many.
  static constexpr std::uint32_t kUnitsAtOnce = 4;
  static constexpr std::uint64_t kNsPerCheckpoint = 900'000;

  // `resources` only for work types that ask for some. `seed` decides what random() gives.
  WorkerRun(GroupBlock& group, WorkerSlot& slot, const RunProbes& probes = RunProbes::real(),
            const GroupResources* resources = nullptr, std::size_t index = 0, std::uint64_t seed = 0);

  // The first checkpoint, whose gap counts from the release, and then `phase` of spinning that is no work.
  void begin(std::chrono::nanoseconds phase);

  // The last checkpoint, once it is to stop: what it saw of the time before it saw the stop may be long ago, since it
  // can lose its CPU in between.
  void end();

  // As of the last checkpoint.
  bool stopping() const { return stopping_; }
  // Returns the time it was taken, CLOCK_MONOTONIC ns.
  std::uint64_t checkpoint();
  // The clock alone: between what is to be timed and what ends it a checkpoint would be part of the time.
  std::uint64_t now_ns() const { return probes_.now_ns(); }
  // Each kSpinsPerUnit spins, and what is left at the end, are a work unit. Ends early on stop.
  void spin(std::uint32_t spins);
  // Just one work unit.
  void spin_unit() {
    burn(kSpinsPerUnit);
    end_unit();
  }
  // Until the stop, each unit an iteration of its own.
  void spin_iterations();
  // Spins work units until it has had that much of a CPU.
  void spin_for(std::chrono::nanoseconds cpu_time);
  // The same until it has had so much of a CPU since it exists.
  void spin_to(std::uint64_t cpu_time_ns);
  std::uint64_t cpu_time_ns() const { return probes_.cpu_time_ns(); }
  // Something was due, and did not happen in time or not at all (WorkerReport::missed).
  void miss();
  // Latency or count `number` of its work type (WorkTypeRow::measure_names).
  void note(std::size_t number, std::uint64_t ns) { measures_.latencies[number].add(ns); }
  // The time since then, which is returned; 0 for a date that is not yet past.
  std::uint64_t note_since(std::size_t number, std::uint64_t since_ns);
  void count(std::size_t number, std::uint64_t more = 1);
  // Spins work units until that CLOCK_MONOTONIC time.
  void spin_until(std::uint64_t until_ns);
  // What a loop of its own has done is a work unit. Sees the stop.
  void end_unit();
  void yield();
  // From 0 to below `count`, which is at least 1; the same numbers in each run of one seed.
  std::uint64_t random(std::uint64_t count);
  // From 0 to below 1.
  double random_share() { return static_cast<double>(random(std::uint64_t{1} << 53)) / 0x1p53; }
  // It cannot do what it was made for: `what` as "set its policy". The run is inconclusive with that. Sleeps until the
  // stop.
  void give_up(const char* what, int error);
  // Ends early on stop. The time asked for is no gap, only what comes on top; that is the wake latency. Neither counts
  // while the scenario holds the worker.
  void sleep_for(std::chrono::nanoseconds time);
  // The same, until a date of CLOCK_MONOTONIC in ns. One that is past already is a wake latency, too.
  void sleep_until(std::uint64_t until_ns);

  // For work types whose workers wake each other: which of its WorkSpec's workers it is, from 0, and what they share.
  std::size_t index() const { return index_; }
  std::size_t workers() const { return resources_->workers(); }  // of the WorkSpec
  SharedWord& word(std::size_t number) const { return resources_->word(number); }
  int file(std::size_t number) const { return resources_->file(number); }
  CpuMask mask(std::size_t number) const { return resources_->mask(number); }
  std::span<std::byte> memory(std::size_t number) const { return resources_->memory(number); }
  std::size_t masks() const { return resources_->masks().size(); }
  // Changes the word and wakes up to `count` workers who wait for that.
  void wake(SharedWord& word, std::uint32_t value, int count = 1);
  // Until the word has another value. The time up to that change is as that of a sleep; what comes on top is a gap and,
  // where it did sleep, the wake latency. A waker that loses its CPU between change and wake-up shows there too.
  void wait_while(const SharedWord& word, std::uint32_t value);
  // The clock when the last wait for a word, a semaphore or a byte was seen to be over, before anything that such a
  // wait keeps account of; 0: the stop ended it.
  std::uint64_t seen_ns() const { return seen_ns_; }
  // A lock. False when it is told to stop instead. Late is who runs long after the lock became free. unlock() also when
  // told to stop.
  bool lock(SharedWord& lock);
  void unlock(SharedWord& lock);
  // The same with priority inheritance.
  bool lock_pi(SharedWord& lock);
  void unlock_pi(SharedWord& lock);
  // A semaphore. take() waits while there is nothing, and is false when it is told to stop instead.
  void give(SharedWord& items, std::uint32_t count);
  bool take(SharedWord& items);
  // An eventfd that counts, as `count` does; `poll` is an epoll instance that waits for it and the stop.
  void give_events(SharedWord& count, int file, std::uint32_t events);
  bool take_event(SharedWord& count, int file, int poll);
  int stop_event() const { return resources_->stop_event(); }
  // A system call that waits for what nobody here knows the time of. How late it runs after that is not known either:
  // the whole call is as a sleep. Returns what that does, and leaves errno.
  template <typename Call>
  auto wait_in(Call call) {
    const Blocked blocked = begin_call();
    const auto result = call();
    end_call(blocked);
    return result;
  }
  // Until the child has ended (-1: any of them); which it was, and its status as of waitpid(2). Or all that there are.
  struct Child {
    int pid, status;
  };
  Child wait_for_child(int pid);
  void wait_for_children();
  // For a child, which has no report of its own: spins until it had that much of a CPU, or the group is to stop.
  void burn_as_child(std::chrono::nanoseconds cpu_time) const;
  // A byte through a file, `before` of them earlier that this word counts; it has when the last of these was sent. With
  // a message each byte is one, of which the first byte is received.
  void send(SharedWord& count, int file, std::span<const char> message = {"", 1});
  void receive(const SharedWord& count, std::uint32_t before, int file);

  void end_iteration() { ++iterations_; }
  // The same, and the time since the last one, or the first checkpoint, is latency 0 of its work type. A checkpoint:
  // long iterations, of kUnitsPerCheckpoint units, are the ones to time.
  void end_timed_iteration();

 private:
  std::uint64_t until_stop(std::uint64_t now) const;
  // For a time that is longer than the longest gap so far, whatever of it the worker was held.
  void note_gap(std::uint64_t now, std::uint64_t since, Cpu cpu);
  void note_move(Cpu cpu);
  void note_outside(Cpu cpu, std::uint64_t allowed_sequence);
  // Of units that were done without a look at the stop between them; no more than are left.
  void count_units(std::uint32_t units);
  // A function of its own, so that its instructions can be told from those of the accounts.
  [[gnu::noinline]] static void burn(std::uint32_t spins);
  // Work units until `clock` has come to `until`, and not more than one beyond.
  template <typename Clock>
  void spin_to(std::uint64_t until, Clock clock);
  // Returns what the group was held until then. With a word, until its value is no longer `value`.
  std::uint64_t fall_asleep(std::uint64_t since, std::uint64_t until, const SharedWord* word = nullptr,
                            std::uint32_t value = 0);
  // `due` later than `now`: woken by stop.
  void wake_up(std::uint64_t since, std::uint64_t held_before, std::uint64_t due, std::uint64_t now);
  void sleep(std::uint64_t since, std::uint64_t until);
  struct Blocked {
    std::uint64_t since, held_before;
  };
  Blocked begin_call();
  void end_call(const Blocked& blocked);
  // False when it is told to stop before `done()`. While it waits, `word` has that value; or what it has says nothing.
  template <typename Done, typename Block>
  bool wait_for(const SharedWord& word, std::optional<std::uint32_t> value, Done done, Block block);

  GroupBlock& group_;
  WorkerSlot& slot_;
  LiveWorker& live_;
  RunProbes probes_;
  const GroupResources* resources_;
  std::size_t index_;
  WorkMeasures measures_;
  std::uint64_t random_;
  std::uint64_t released_ns_;
  std::uint64_t last_ns_;  // since when it may be away
  std::uint64_t iteration_since_ns_;
  std::uint64_t seen_ns_ = 0;
  std::uint64_t iterations_ = 0;     // all of them; published at the next checkpoint
  std::uint32_t units_planned_ = 1;  // from the last checkpoint to the next one
  std::uint32_t units_left_ = 1;     // until that
  Cpu last_cpu_ = -1;
  bool stopping_ = false;
};

}  // namespace ktstr
