// SPDX-License-Identifier: Apache-2.0
//
// Tests, run as a user would: `ktstr run` or a test program, a process of its own.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"
#include "base/system/process.h"
#include "stopwatch.h"

namespace ktstr::bench {

struct KtstrAsked {
  std::string kernel;
  std::string topology;
  std::string scheduler = {};  // as --scheduler takes it; empty: none
  bool cold = false;           // boot, instead of going on from a warm image
  std::string duration = "1s";
};

struct KtstrRun {
  Taken whole;                     // the whole process
  double to_body_seconds = 0;      // from the start of QEMU until the scenario begins
  double around_body_seconds = 0;  // the whole process less the scenario itself
};

// Two cgroups with a busy worker each. `scratch` holds the scenario and what the run leaves behind.
Result<Subprocess::Options> ktstr_command(const KtstrAsked& asked, const std::filesystem::path& scratch);
Result<KtstrRun> ktstr_run(const KtstrAsked& asked, const std::filesystem::path& scratch);

// The notes of one test of wake_round_trip: key and value. `quantum` as --quantum takes it; empty: the default.
Result<std::map<std::string, double>> guest_notes(const KtstrAsked& asked, const std::string& test,
                                                  const std::string& quantum, const std::filesystem::path& scratch);

}  // namespace ktstr::bench
