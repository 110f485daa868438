// SPDX-License-Identifier: Apache-2.0
//
// Where a running scenario says what happens: the records of its body (guest/record_sink.h), in tests a list.
#pragma once

#include "ktstr/payload.h"
#include "ktstr/work.h"
#include "model/events.h"

namespace ktstr {

class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void mark(const StepMark& mark) = 0;
  virtual void stimulus(const Stimulus& stimulus) = 0;
  virtual void worker(const WorkerReport& report) = 0;
  virtual void payload(const PayloadReport& report) = 0;
};

}  // namespace ktstr
