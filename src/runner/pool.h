// SPDX-License-Identifier: Apache-2.0
//
// Several runs at once. Each is made on a thread that lives as long as the pool does (QEMU dies with the thread that
// started it), and only while there is room in the RAM directory for all that its guest may take. Results come out in
// the order in which the runs were asked for, whatever ends first.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "results/run_record.h"
#include "runner/runner.h"

namespace ktstr {

struct PoolJob {
  Bytes ram = 0;  // what it may take of the RAM directory
  std::function<RunRecord()> run;
};

struct PoolState {
  std::uint64_t total = 0;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;  // of those: outcome kFail
  int running = 0;
  int jobs = 1;
  std::chrono::nanoseconds busy{0};     // host time that the done ones took, added up
  std::chrono::nanoseconds elapsed{0};  // since the pool was started
};

struct PoolOptions {
  int jobs = 1;            // at most so many at once
  bool fail_fast = false;  // start none after one that fails or cannot be made
  // Free bytes in the RAM directory. Unset or an Error: no limit.
  std::function<Result<Bytes>()> free_ram;
  std::function<bool()> interrupted;  // start none any more; running ones see it for themselves
  // Called on the caller's thread, several times a second.
  std::function<void(const PoolState&)> progress;
};

// Runs `count` jobs, made by `job(0)`, `job(1)`, ... when their turn comes (on any thread, one at a time). `done` gets
// each record on the caller's thread, in order; it returns false when no more jobs are to be started. A job that throws
// gives a record of kInfrastructure. Returns how many were not run.
std::uint64_t run_pool(std::uint64_t count, const std::function<PoolJob(std::uint64_t)>& job,
                       const PoolOptions& options, const std::function<bool(std::uint64_t, RunRecord)>& done);

// A pool's options for real runs: `jobs` as given (0: one for each CPU that we may use), the RAM directory's space,
// interrupted().
PoolOptions pool_for_runs(int jobs, const RunnerEnvironment& environment);

// What a run of this request may take of the RAM directory: guest memory, mailbox, initramfs.
Bytes ram_of(const RunRequest& request);

}  // namespace ktstr
