// SPDX-License-Identifier: GPL-2.0-only
// The command line of scx_ktstr.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tl/expected.hpp>

namespace scx_ktstr {

enum class Action { kRun, kHelp, kVersion };

// Durations are as on the command line; an empty optional or a zero switches a fault off.
struct Options {
  Action action = Action::kRun;
  std::uint64_t slice_us = 5000;
  std::uint32_t watchdog_ms = 2000;
  std::optional<std::uint64_t> stall_after_ms;
  std::optional<std::uint64_t> crash_after_ms;
  std::optional<std::uint64_t> exit_after_ms;
  std::string starve_comm;
  std::uint64_t slow_dispatch_us = 0;
  bool fail_verify = false;
  std::string sysfs_root = "/sys";
  bool verbose = false;
};

// `args` as given to main, the program's name first. The error says what is wrong with which
// argument.
tl::expected<Options, std::string> parse_options(std::span<char* const> args);

const char* usage();

}  // namespace scx_ktstr
