// SPDX-License-Identifier: Apache-2.0
//
// Where a running scenario says what happens. In the guest it is the mailbox (src/guest), in host mode and in tests a
// list.
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
  virtual void worker(int phase, const WorkerReport& report) = 0;
  virtual void payload(const PayloadReport& report) = 0;
};

}  // namespace ktstr
