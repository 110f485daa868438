// SPDX-License-Identifier: Apache-2.0
#include "engine/watch/console.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "base/file.h"
#include "wire/kernel_reports.h"

namespace ktstr {

namespace {

// Carriage returns, and what SeaBIOS and the kernel send to set up a terminal (ESC [ ... letter, ESC letter).
std::string plain_text(std::string_view raw) {
  std::string text;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\x1b') {
      if (++i < raw.size() && raw[i] == '[')
        while (++i < raw.size() && (raw[i] < '@' || raw[i] > '~')) {
        }
    } else if (raw[i] != '\r' && raw[i] != '\0') {
      text += raw[i];
    }
  }
  return text;
}

// "[    3.141592][ T1] Kernel panic" -> "Kernel panic".
std::string_view without_stamp(std::string_view line) {
  while (line.starts_with('[')) {
    const auto close = line.find(']');
    if (close == std::string_view::npos) return line;
    line.remove_prefix(close + 1);
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ')));
  }
  return line;
}

struct Sign {
  GuestEnd end;
  std::string_view text;
  bool at_start;  // of the line, after its time stamp
};

// In falling order of what explains most. Texts: mm/oom_kill.c, kernel/panic.c, kernel/exit.c, kernel/watchdog.c,
// kernel/watchdog_perf.c, kernel/rcu/tree_stall.h, init/initramfs.c.
constexpr std::array kSigns = {
    Sign{GuestEnd::kOutOfMemory, "System is deadlocked on memory", false},
    // "Memory cgroup out of memory" is a test's own business.
    Sign{GuestEnd::kOutOfMemory, "Out of memory", true},
    Sign{GuestEnd::kOutOfMemory, "Initramfs unpacking failed: write error", true},
    Sign{GuestEnd::kKernelPanic, "Kernel panic - not syncing", false},
    Sign{GuestEnd::kKernelPanic, "Attempted to kill init", false},
    Sign{GuestEnd::kKernelStall, "BUG: soft lockup", false},
    Sign{GuestEnd::kKernelStall, "hard LOCKUP", false},
    Sign{GuestEnd::kKernelStall, "self-detected stall on CPU", false},
    Sign{GuestEnd::kKernelStall, "detected stalls on CPUs/tasks", false},
    Sign{GuestEnd::kKernelStall, "kthread starved for", false},
};

bool shows(const Sign& sign, std::string_view line) {
  if (is_about_a_program(line)) return false;
  // What a program is called may stand anywhere in other lines.
  if (sign.end == GuestEnd::kKernelStall && !kernel_report_kind(line)) return false;
  return sign.at_start ? line.starts_with(sign.text) : line.find(sign.text) != std::string_view::npos;
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.size(), text.find('\n'));
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return lines;
}

}  // namespace

Result<std::string> read_console_tail(const fs::path& path, Bytes limit) {
  auto fd = open_file(path, O_RDONLY);
  if (!fd && fd.error().code() == ErrorCode::kNotFound) return std::string();
  if (!fd) return std::move(fd).error();
  struct stat info {};
  if (::fstat(fd->get(), &info) != 0) return fail_errno("cannot stat {}", path.string());
  const auto size = static_cast<Bytes>(info.st_size);
  Bytes offset = size > limit ? size - limit : 0;
  std::string raw(size - offset, '\0');
  std::size_t used = 0;
  while (used < raw.size()) {
    const ssize_t got = ::pread(fd->get(), raw.data() + used, raw.size() - used, static_cast<off_t>(offset + used));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read {}", path.string());
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  return plain_text(std::string_view(raw).substr(0, used));
}

std::vector<std::string> last_lines(std::string_view text, std::size_t count) {
  std::vector<std::string> lines;
  const auto all = split_lines(text);
  for (auto line = all.rbegin(); line != all.rend() && lines.size() < count; ++line)
    if (!line->empty()) lines.emplace_back(*line);
  std::reverse(lines.begin(), lines.end());
  return lines;
}

std::optional<ConsoleFinding> classify_console(std::string_view text) {
  const auto lines = split_lines(text);
  for (const Sign& sign : kSigns)
    for (const auto line : lines)
      if (shows(sign, without_stamp(line))) return ConsoleFinding{sign.end, std::string(without_stamp(line))};
  return {};
}

}  // namespace ktstr
