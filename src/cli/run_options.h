// SPDX-License-Identifier: Apache-2.0
//
// The flags that every program which runs tests understands: `ktstr run`, and test programs themselves. What is unset
// leaves the decision to the scenario file or the test.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "ktstr/topology.h"
#include "ktstr/vary.h"
#include "results/exploration.h"

namespace ktstr::cli {

constexpr int kAutoJobs = 0;

struct RunOptions {
  std::optional<std::string> scheduler;  // "PATH ARGS"; "" asks for the kernel's own
  std::optional<Topology> topology;
  std::optional<std::string> kernel;
  std::optional<std::string> mode;  // none: det
  std::optional<std::uint64_t> seed;
  std::optional<SeedRange> seeds;  // run with each of them
  std::optional<VarySet> vary;
  std::optional<std::chrono::nanoseconds> duration;
  std::optional<Bytes> memory;
  std::optional<int> icount_shift;
  std::optional<double> cpu_mips;
  std::optional<std::uint32_t> turn;
  std::optional<std::chrono::nanoseconds> quantum;
  int repeat = 1;
  std::optional<int> jobs;  // runs at once; kAutoJobs: as many as the machine has CPUs and room for
  bool fail_fast = false;
  bool json = false;
  bool cold = false;
  bool host = false;  // on this machine instead of in a guest
  int verbosity = 0;
  std::vector<std::string> args;  // behind "--": Ctx::args()
};

// The same as text, as it stood on the command line; an absent option is unset.
struct RunOptionTexts {
  std::optional<std::string> scheduler, topology, kernel, mode, seed, seeds, vary, duration, memory, shift, cpu_mips,
      turn, quantum, repeat, jobs;
};

// As given to --kernel: an empty word names none.
Result<std::string> parse_kernel(const std::string& text);

// kInvalidArgument that names the option and the value.
Result<RunOptions> interpret(const RunOptionTexts& texts);

}  // namespace ktstr::cli
