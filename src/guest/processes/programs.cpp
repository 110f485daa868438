// SPDX-License-Identifier: Apache-2.0
#include "guest/processes/programs.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <optional>
#include <tuple>

#include "base/file.h"
#include "base/system/task_seen.h"

namespace ktstr::guest {

namespace {

struct Seen {
  Program program;
  pid_t parent = 0;
  bool ended = false;
};

// proc_pid_stat(5): the 2nd field is the name, which may hold brackets itself, then state and parent; the 22nd is the
// start.
std::optional<Seen> read_process(const fs::path& directory, pid_t pid) {
  const auto stat = read_text(directory / "stat", 4096);
  if (!stat) return {};
  const std::size_t name = stat->find('('), name_end = stat->rfind(')');
  if (name == std::string::npos || name_end == std::string::npos || name_end < name) return {};
  Seen seen{.program = {.pid = pid, .name = stat->substr(name + 1, name_end - name - 1)}};
  char state = 0;
  constexpr const char* kForm = " %c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64;
  if (std::sscanf(stat->c_str() + name_end + 1, kForm, &state, &seen.parent, &seen.program.start) != 3) return {};
  seen.ended = state == 'Z' || state == 'X';
  return seen;
}

std::map<pid_t, Seen> read_all(const fs::path& proc) {
  std::map<pid_t, Seen> all;
  for (const pid_t pid : list_processes(proc).value_or(std::vector<int>()))
    if (auto seen = read_process(proc / std::to_string(pid), pid)) all.emplace(pid, *std::move(seen));
  return all;
}

bool descends(const std::map<pid_t, Seen>& all, pid_t pid, pid_t root, pid_t except) {
  // Bounded: what is read while processes come and go may be a circle.
  for (std::size_t steps = 0; steps <= all.size() && pid != except; ++steps) {
    const auto found = all.find(pid);
    if (found == all.end() || found->second.parent == 0) return false;
    if (found->second.parent == root) return true;
    pid = found->second.parent;
  }
  return false;
}

}  // namespace

std::vector<Program> programs_below(const std::filesystem::path& proc, pid_t root, pid_t except) {
  const auto all = read_all(proc);
  std::vector<Program> programs;
  for (const auto& [pid, seen] : all)
    if (!seen.ended && descends(all, pid, root, except)) programs.push_back(seen.program);
  std::sort(programs.begin(), programs.end(),
            [](const Program& a, const Program& b) { return std::tie(a.start, a.pid) < std::tie(b.start, b.pid); });
  return programs;
}

}  // namespace ktstr::guest
