// SPDX-License-Identifier: Apache-2.0
//
// What a running scenario says of itself, beside the reports of workers and payloads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ktstr {

struct StepMark {
  // Resume and pause frame a hold: between them the workers run undisturbed. In a loop, each round has its own pair.
  enum class Kind : std::uint8_t {
    kScenarioStart,
    kStepStart,
    kScenarioResume,
    kScenarioPause,
    kStepEnd,
    kScenarioEnd
  };
  Kind kind = Kind::kScenarioStart;
  int step = 0;             // from 1; 0 for the scenario's own marks
  std::uint64_t at_ns = 0;  // guest CLOCK_MONOTONIC
  int cgroups = 0;          // alive at that moment, in the step and in the Backdrop
  int workers = 0;
  std::string name;         // of the step
  std::string fingerprint;  // of the scenario, at its start (scenario/plan/fingerprint.h)
};

// What was done to the system: sent when a step's ops and set-up are done, once a round in a loop.
struct Stimulus {
  std::uint64_t at_ns = 0;            // guest CLOCK_MONOTONIC
  std::uint32_t elapsed_ms = 0;       // since the scenario's start
  std::uint16_t step = 0;             // from 1
  std::uint16_t ops = 0;              // how many
  std::vector<std::string> op_kinds;  // their names, each once
  std::uint16_t cgroups = 0;          // alive, of the step and the Backdrop
  std::uint16_t workers = 0;
  std::uint64_t iterations = 0;  // of all live workers, so far
};

}  // namespace ktstr
