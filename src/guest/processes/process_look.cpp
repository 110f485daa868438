// SPDX-License-Identifier: Apache-2.0
#include "guest/processes/process_look.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/file.h"

namespace ktstr::guest {

namespace {

// The letter after the comm, which may hold blanks and brackets: proc(5), /proc/PID/stat.
char state_in(const fs::path& task) {
  const auto stat = read_text(task / "stat");
  if (!stat) return 0;
  const std::size_t end = stat->rfind(") ");
  return end == std::string::npos || end + 2 >= stat->size() ? 0 : (*stat)[end + 2];
}

std::uint64_t cpu_time_of(const fs::path& task) {
  const auto text = read_text(task / "schedstat");
  std::uint64_t ns = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), ns);
  return ns;
}

}  // namespace

ProcessLook look_at_process(const fs::path& proc, pid_t pid) {
  const fs::path process = proc / std::to_string(pid);
  ProcessLook look;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(process / "task", error)) {
    const std::string name = entry.path().filename().string();
    pid_t thread = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), thread).ec != std::errc()) continue;
    look.threads.push_back(thread);
    look.runnable = look.runnable || state_in(entry.path()) == 'R';
    look.cpu_ns += cpu_time_of(entry.path());
  }
  std::sort(look.threads.begin(), look.threads.end());
  const char state = state_in(process);
  if (state == 0) {
    look.text = "it is gone";
    return look;
  }
  look.text = fmt::format("state {}", state);
  // "0" for a task that runs or may run.
  const std::string wchan = read_attribute(process / "wchan").value_or("");
  if (!wchan.empty() && wchan != "0") look.text += " in " + wchan;
  return look;
}

}  // namespace ktstr::guest
