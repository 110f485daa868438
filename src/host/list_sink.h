// SPDX-License-Identifier: Apache-2.0
//
// What a running scenario says, as lists.
#pragma once

#include <utility>
#include <vector>

#include "scenario/event_sink.h"

namespace ktstr {

class ListSink final : public EventSink {
 public:
  void mark(const StepMark& mark) override { marks.push_back(mark); }
  void stimulus(const Stimulus& stimulus) override { stimuli.push_back(stimulus); }
  void worker(int phase, const WorkerReport& report) override { workers.emplace_back(phase, report); }
  void payload(const PayloadReport& report) override { payloads.push_back(report); }

  std::vector<StepMark> marks;
  std::vector<Stimulus> stimuli;
  std::vector<std::pair<int, WorkerReport>> workers;  // with their phase
  std::vector<PayloadReport> payloads;
};

}  // namespace ktstr
