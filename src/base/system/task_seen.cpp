// SPDX-License-Identifier: Apache-2.0
#include "base/system/task_seen.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace ktstr {

TaskSeen look_at_task(const fs::path& proc, int pid) {
  TaskSeen seen{.pid = pid, .comm = {}, .wchan = {}};
  const fs::path directory = proc / std::to_string(pid);
  // "61 (comm) R ...": a comm may have blanks and brackets of its own.
  const std::string stat = read_text(directory / "stat").value_or("");
  const std::size_t open = stat.find('('), close = stat.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open || close + 2 >= stat.size()) return seen;
  seen.comm = stat.substr(open + 1, close - open - 1);
  seen.state = stat[close + 2];
  if (seen.state != 'R') seen.wchan = read_text(directory / "wchan").value_or("");
  if (seen.wchan == "0") seen.wchan.clear();
  const std::string times = read_text(directory / "schedstat").value_or("");
  std::from_chars(times.data(), times.data() + times.size(), seen.cpu_ns);
  return seen;
}

Result<std::vector<int>> list_processes(const fs::path& proc) {
  std::vector<int> pids;
  std::error_code error;
  for (fs::directory_iterator entry(proc, error); !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename();
    int pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ec == std::errc() && parsed.ptr == name.data() + name.size()) pids.push_back(pid);
  }
  if (error) return Error::from_errno(error.value(), fmt::format("cannot list {}", proc.string()));
  return pids;
}

std::string TaskSeen::describe() const {
  if (comm.empty()) return fmt::format("{} (gone)", pid);
  return fmt::format("{} ({}, state {}{})", pid, comm, state, wchan.empty() ? "" : " in " + wchan);
}

std::string describe_tasks(const fs::path& proc, const std::vector<int>& pids, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < std::min(most, pids.size()); ++i)
    text += (i == 0 ? "" : ", ") + look_at_task(proc, pids[i]).describe();
  if (pids.size() > most) text += fmt::format(" and {} more", pids.size() - most);
  return text;
}

}  // namespace ktstr
