// SPDX-License-Identifier: Apache-2.0
//
// What a running scenario says, as lists.
#pragma once

#include <utility>
#include <vector>

#include "base/clock.h"
#include "scenario/event_sink.h"

namespace ktstr {

class ListSink final : public EventSink {
 public:
  void mark(const StepMark& mark) override { marks.push_back(mark); }
  void stimulus(const Stimulus& stimulus) override { stimuli.emplace_back(monotonic_now(), stimulus); }
  void worker(int phase, const WorkerReport& report) override { workers.emplace_back(phase, report); }
  void payload(const PayloadReport& report) override { payloads.push_back(report); }

  std::vector<StepMark> marks;
  std::vector<std::pair<Nanoseconds, Stimulus>> stimuli;  // with the time, CLOCK_MONOTONIC
  std::vector<std::pair<int, WorkerReport>> workers;      // with their phase
  std::vector<PayloadReport> payloads;
};

}  // namespace ktstr
