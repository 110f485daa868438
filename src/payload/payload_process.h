// SPDX-License-Identifier: Apache-2.0
//
// A payload that runs: started in its cgroup from its first instruction, in a session and process group of its own,
// with its output captured in memory and its end reported by a pidfd. However it ends, its descendants end with it
// (process_tree.h), and the report that comes of it is the same for wait() and kill().
//
// SIGCHLD's disposition is never touched, by start, end or destruction: ends are reported by pidfds, so no handler is
// needed, and there is nothing to restore in any order. What is changed once, and stays: our process becomes the reaper
// of orphaned descendants (PR_SET_CHILD_SUBREAPER), so that those a payload leaves can be waited for.
//
//   KTSTR_TRY_ASSIGN(auto process, PayloadProcess::start({.payload = &fio, .cgroup = "cg_0", .cgroup_dir = &dir}));
//   KTSTR_TRY_ASSIGN(const auto report, process.wait(std::chrono::seconds(5)));   // no value: it still runs
//   if (!report) { KTSTR_TRY_ASSIGN(const PayloadReport killed, process.kill()); ... }
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/result.h"
#include "ktstr/payload.h"

namespace ktstr {

struct PayloadStart {
  const Payload* payload = nullptr;    // copied
  std::vector<std::string> args = {};  // after the payload's own
  std::string cgroup = {};             // its name, for reports; empty: outside of the scenario's cgroups
  const Fd* cgroup_dir = nullptr;      // null: our own cgroup
  bool moves_in = false;               // started in ours and moved before all else: WorkerPlacement::moves_in says why
  int step = 0;
  std::vector<std::string> search_path = {};  // directories, for programs without an absolute path: Job::payload_path
  fs::path proc = "/proc";
};

class PayloadProcess {
 public:
  // Returns when the program has been executed. Errors: kInvalidArgument (scheduler kind, validate(), an unknown flag),
  // kNotFound (no such program), kBusy (the cgroup is frozen, so it could never begin), what exec says, kTimedOut.
  static Result<PayloadProcess> start(const PayloadStart& start);
  PayloadProcess(PayloadProcess&&) noexcept;
  PayloadProcess& operator=(PayloadProcess&&) noexcept;
  // Kills without a report; wait() or kill() first where its numbers matter. What fails is logged.
  ~PayloadProcess();

  int pid() const;
  // Readable (poll) when its first process has ended, also after the report was taken.
  const Fd& pidfd() const;
  const Payload& payload() const;
  const std::string& cgroup() const;

  // Whether the first process has ended; does not wait.
  bool exited() const;
  // No value: it still runs after `timeout` (CLOCK_MONOTONIC); none waits for ever. It has ended when its first process
  // has; what that left behind is killed. Once there is a report, it is given again.
  Result<std::optional<PayloadReport>> wait(std::optional<Nanoseconds> timeout);
  // SIGKILL to all of it, and the report; `killed` unless it had ended before. kTimedOut when it does not die within 45
  // s.
  Result<PayloadReport> kill();

 private:
  struct State;
  explicit PayloadProcess(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ktstr
