// SPDX-License-Identifier: GPL-2.0-only
// The command line of scx_ktstr.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tl/expected.hpp>

namespace scx_ktstr {

// The kernel's own limit (SCX_WATCHDOG_MAX_TIMEOUT in kernel/sched/ext.c).
inline constexpr std::uint32_t kMaxWatchdogMs = 30000;

enum class Action { kRun, kHelp, kVersion };

// Durations are as on the command line; an empty optional or a zero switches a fault off.
struct Options {
  Action action = Action::kRun;
  std::uint64_t slice_us = 5000;
  std::optional<std::uint32_t> watchdog_ms_given;
  std::optional<std::uint64_t> stall_after_ms;
  std::optional<std::uint64_t> crash_after_ms;
  std::optional<std::uint64_t> exit_after_ms;
  std::string starve_comm;
  std::uint64_t slow_dispatch_us = 0;
  std::string lose_comm;
  bool ping_pong = false;
  bool invert_nice = false;
  bool ignore_nice = false;
  bool ignore_affinity = false;
  bool hot_queue = false;
  std::optional<std::uint32_t> idle_cpu;
  bool lose_wakeup = false;
  bool ignore_weights = false;
  bool fail_verify = false;
  bool talk = false;
  std::string sysfs_root = "/sys";
  bool verbose = false;

  // Starved tasks get a tick in half a watchdog period; with the longest one they get none in an ordinary test, in
  // which the kernel does not notice a lost one either.
  std::uint32_t watchdog_ms() const {
    return watchdog_ms_given.value_or(starve_comm.empty() && lose_comm.empty() ? 2000 : kMaxWatchdogMs);
  }
};

// `args` as given to main, the program's name first. The error says what is wrong with which
// argument.
tl::expected<Options, std::string> parse_options(std::span<char* const> args);

const char* usage();

}  // namespace scx_ktstr
