// SPDX-License-Identifier: Apache-2.0
//
// For tests that run in a guest: a scenario during whose holds the test itself looks at the kernel's files.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ktstr/ktstr.h"

namespace ktstr {

// What a test sees of the system while a step holds. Claims become part of the result.
class Observer {
 public:
  explicit Observer(Ctx& ctx) : ctx_(ctx) {}
  Ctx& ctx() { return ctx_; }
  // A file of a cgroup of the scenario, without the final newline; "(no file)" when it cannot be read.
  std::string cgroup(std::string_view group, std::string_view file);
  std::vector<int> pids(std::string_view group);
  // Any file, without the final newline.
  std::string file(const std::string& path);
  // The value after "key:" in /proc/PID/status.
  std::string status(int pid, std::string_view key);
  void equal(std::string_view what, const std::string& seen, const std::string& expected);
  void that(bool holds, std::string what) { claims_.claim(holds, std::move(what)); }
  AssertResult take() { return std::exchange(claims_, {}); }

 private:
  Ctx& ctx_;
  AssertResult claims_;
};

// A step that does `ops` and holds for long enough to look.
inline Step held(std::vector<Op> ops, HoldSpec hold = HoldSpec::fixed(std::chrono::milliseconds(30))) {
  return {.ops = std::move(ops), .hold = hold};
}

// A payload that is a script, and what a test that has one declares.
inline const std::vector<Payload> kShell = {Payload::program("sh", "/bin/sh")};
inline Payload shell(const std::string& name, const std::string& script) {
  return Payload::program(name, "/bin/sh").args({"-c", script});
}

// Runs the scenario; `look` is called once in the hold of every step with its number (from 1).
Result<AssertResult> observed(Ctx& ctx, const Backdrop& backdrop, const std::vector<Step>& steps,
                              const std::function<void(int step, Observer& see)>& look);

// The cgroups below the mount, and the processes of the guest that are no kernel threads, zombies included.
std::string what_is_left(Ctx& ctx);

// A process of the test's own, which no scenario knows of: sleeps until it is killed, or for `life`.
class Bystander {
 public:
  explicit Bystander(std::optional<std::chrono::nanoseconds> life = {});
  ~Bystander() { end(); }
  Bystander(const Bystander&) = delete;
  Bystander& operator=(const Bystander&) = delete;
  int pid() const { return pid_; }
  // Kills and reaps it.
  void end();

 private:
  int pid_;
};

}  // namespace ktstr
