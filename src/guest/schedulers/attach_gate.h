// SPDX-License-Identifier: Apache-2.0
//
// Where a scheduler's program is stopped when it has all loaded and verified, and is about to attach: at bpf(2) with
// BPF_LINK_CREATE of a struct_ops map. Loading takes seconds of an emulated guest's time, and minutes where workers
// take the CPUs; what is stopped here attaches in milliseconds when it is let through. The program need not know: it is
// seccomp(2) with notifications, installed by a helper that executes the program then.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace ktstr::guest {

// Of the agent's own program, in front of a descriptor and a command.
constexpr const char* kGateArgument = "--at-gate";

class AttachGate {
 public:
  // Our end, and the descriptor that the helper gets.
  static Result<std::pair<AttachGate, Fd>> create();
  // The command that runs `argv` behind the gate.
  static std::vector<std::string> command(const Fd& helpers_end, const std::vector<std::string>& argv);

  // Readable when serve() has something to do; -1: there is nothing to come any more.
  int fd() const { return fd_.get(); }
  // Takes what is there. What is no attaching is let through at once, and once the gate is open, everything.
  void serve();
  bool is_holding() const { return held_ != 0; }
  // Lets through who is held, and whoever comes later: one that the kernel has ended may attach again.
  void open();

 private:
  explicit AttachGate(Fd fd) : fd_(std::move(fd)) {}
  void let_through(std::uint64_t id) const;
  Fd fd_;  // a socket until the helper has sent the descriptor of the notifications
  bool listening_ = false, open_ = false;
  std::uint64_t held_ = 0;
};

// In the helper: installs the filter and executes argv. Returns its exit status where it cannot.
int execute_behind_gate(int fd, char** argv);

}  // namespace ktstr::guest
