// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <string>

#include "base/status_line.h"

namespace ktstr {

namespace {
std::atomic<LogLevel> current_level{LogLevel::kWarn};
}

void set_log_level(LogLevel level) { current_level = level; }
LogLevel log_level() { return current_level; }

void log_message(LogLevel level, std::string_view text) {
  if (level > current_level) return;
  constexpr const char* kNames[] = {"error", "warning", "info", "debug"};
  // One write, so that lines of several processes do not mix either.
  const std::string line = fmt::format("ktstr: {}: {}\n", kNames[static_cast<int>(level)], text);
  ignore_result(write_above_status_line(STDERR_FILENO, line), "there is nobody left to tell");
}

}  // namespace ktstr
