// SPDX-License-Identifier: Apache-2.0
//
// QEMU's machine protocol (docs/interop/qmp-spec), over a socket pair that QEMU inherits: no path, no connecting. In
// det mode nothing may be said to QEMU between `cont` and the guest's end: its main loop would then act on the guest at
// a moment of the host's choosing.
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace ktstr {

class Qmp {
 public:
  using Json = nlohmann::json;

  static Result<Qmp> create();
  // QEMU's end, which it inherits under its number, and the arguments that tell it so.
  int qemu_fd() const { return theirs_.get(); }
  std::vector<std::string> arguments() const;
  // Once QEMU was started: closes its end here, so that its death is seen, and takes the greeting. Only the first call
  // does anything; QEMU keeps its greeting in the socket until then.
  Status greet(std::chrono::milliseconds timeout);
  // The same, for as long as `go_on` says so, which is asked several times a second; its Error ends it.
  Status greet(const std::function<Status()>& go_on, std::chrono::milliseconds timeout);
  // The first half of that, which says nothing to QEMU and so disturbs no guest: waits until it has spoken.
  Status hear(const std::function<Status()>& go_on);

  // One command and its answer; events in between are passed over. kProtocol with QEMU's words when it refuses,
  // kGuestLost when it is gone.
  Result<Json> execute(const std::string& command, const Json& arguments, std::chrono::milliseconds timeout);
  // The two halves, for a command that is to wait in QEMU's queue.
  Status send(const std::string& command, const Json& arguments);
  Result<Json> answer(std::chrono::milliseconds timeout);

 private:
  Qmp(Fd ours, Fd theirs) : ours_(std::move(ours)), theirs_(std::move(theirs)) {}
  Result<Json> next_message(std::chrono::nanoseconds deadline);

  Fd ours_, theirs_;
  bool heard_ = false, greeted_ = false;
  std::string pending_;  // received, not yet a whole line
};

}  // namespace ktstr
