// SPDX-License-Identifier: Apache-2.0
//
// Where a running scenario says what happens. In the guest it is the mailbox (src/guest), in tests a list.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "ktstr/checks.h"
#include "ktstr/work.h"

namespace ktstr {

struct StepMark {
  enum class Kind : std::uint8_t { kScenarioStart, kStepStart, kHoldStart, kStepEnd, kScenarioEnd };
  Kind kind = Kind::kScenarioStart;
  int step = 0;  // from 1; 0 for the scenario's own marks
  std::uint64_t at_ns = 0;  // guest CLOCK_MONOTONIC
  int cgroups = 0;          // alive at that moment
  int workers = 0;
  std::string name;
};

class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void mark(const StepMark& mark) = 0;
  virtual void worker(int phase, const WorkerReport& report) = 0;
};

}  // namespace ktstr
