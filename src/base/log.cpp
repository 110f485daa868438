// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <string>

#include "base/status_line.h"
#include "base/text/printable.h"

namespace ktstr {

namespace {

std::atomic<LogLevel> current_level{LogLevel::kWarn};

// Lines after the first are indented, so that no name with a newline in it looks like a message of ours.
std::string as_message(std::string_view text) {
  std::string message;
  for (bool first = true;; first = false) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (!first && !line.empty() && line.front() != ' ') message += "  ";
    message += escaped(line);
    if (end == std::string_view::npos) return message;
    message += '\n';
    text.remove_prefix(end + 1);
  }
}

}  // namespace

void set_log_level(LogLevel level) { current_level = level; }
LogLevel log_level() { return current_level; }

void log_message(LogLevel level, std::string_view text) {
  if (level > current_level) return;
  constexpr const char* kNames[] = {"error", "warning", "info", "debug"};
  // One write, so that lines of several processes do not mix either.
  const std::string line = fmt::format("ktstr: {}: {}\n", kNames[static_cast<int>(level)], as_message(text));
  ignore_result(write_above_status_line(STDERR_FILENO, line), "there is nobody left to tell");
}

}  // namespace ktstr
