// SPDX-License-Identifier: Apache-2.0
//
// What of a Ctx changes while it is executed, and what carries it out: test authors read it at most, the executor and
// the bodies change it.
#pragma once

#include <memory>

#include "ktstr/scenario.h"

namespace ktstr {

class ExecutionState {
 public:
  explicit ExecutionState(Ctx& ctx) : ctx_(ctx) {}
  void set_step(int step) { ctx_.step_ = step; }
  // Where a scheduler was swapped; 0: none is under test any more.
  void set_scheduler_pid(int pid) { ctx_.init_.scheduler_pid = pid; }
  RunSettings& settings() { return ctx_.init_.settings; }
  // Null: the real ones.
  static const std::shared_ptr<const ExecutorHooks>& hooks(const Ctx& ctx) { return ctx.init_.hooks; }
  // Null: nobody sees what workers do before they report it.
  static const std::shared_ptr<LiveWorkers>& live_workers(const Ctx& ctx) { return ctx.init_.live_workers; }

 private:
  Ctx& ctx_;
};

}  // namespace ktstr
