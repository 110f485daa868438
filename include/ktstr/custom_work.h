// SPDX-License-Identifier: Apache-2.0
//
// A worker's loop of one's own, in a test in C++:
//
//   void run_queries(ktstr::WorkLoop& run) {
//     while (!run.stopping()) {
//       run.spin_for(200us);
//       run.sleep_for(1ms);
//       run.end_iteration();
//     }
//   }
//   ... CgroupDef::named("db").workers(2).work_type(Custom{.name = "queries", .loop = run_queries}) ...
//
// The loop runs in a process that was forked for it, or in a thread, of a program that may have had other threads: no
// locks, no memory from the heap, no output. What it computes by itself is not seen until it calls one of these.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace ktstr {

class WorkerRun;

class WorkLoop {
 public:
  WorkLoop(WorkerRun& run, const std::array<std::uint64_t, 4>& parameters) : run_(run), parameters_(parameters) {}

  // Once this is true the loop returns. What waits here returns early then.
  bool stopping() const;
  // Which of its WorkSpec's workers it is, from 0, and the parameters that all of them have.
  std::size_t index() const;
  std::uint64_t parameter(std::size_t number) const { return parameters_.at(number); }  // 0 to 3: Custom::parameters

  // Turns of an empty loop, about three instructions each; 1024 are a work unit.
  void spin(std::uint32_t spins);
  void spin_for(std::chrono::nanoseconds cpu_time);
  // Measures how late it runs after that: the worker's wake latencies.
  void sleep_for(std::chrono::nanoseconds time);
  void yield();
  // What a loop of one's own has done is a work unit, best of 10 to 100 us: between two of them the worker is not seen.
  void end_unit();
  void end_iteration();
  // From 0 to below `count`, at least 1: the same in each run of one seed, another in each worker.
  std::uint64_t random(std::uint64_t count);

  // Into the latency "measured" and the count "counted" of the worker's report.
  void note(std::chrono::nanoseconds latency);
  void count(std::uint64_t more = 1);
  // Something was due and did not happen in time: WorkerReport::missed.
  void miss();
  // It cannot do what it is for: the run is inconclusive with `what`, a text that lives as long as the program, as
  // "open its file", and the errno value. Sleeps until the stop.
  void give_up(const char* what, int error);

 private:
  WorkerRun& run_;
  const std::array<std::uint64_t, 4>& parameters_;
};

}  // namespace ktstr
