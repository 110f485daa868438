// SPDX-License-Identifier: Apache-2.0
#include "guest/processes/idle_programs.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "base/file.h"
#include "base/system/task_seen.h"

namespace ktstr::guest {

namespace {

// proc(5): after the name in brackets, state, ppid, ... utime and stime are the 14th and 15th field of all; vsize, the
// 23rd, is 0 for kernel threads.
std::uint64_t ticks_of(const std::string& stat) {
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return 0;
  unsigned long long user = 0, system = 0, size = 0;
  const int read = std::sscanf(
      stat.c_str() + name_end + 1,
      " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d %*u %llu", &user, &system, &size);
  return read == 3 && size != 0 ? user + system : 0;
}

}  // namespace

std::uint64_t program_ticks(const fs::path& proc, const std::vector<int>& passed_over) {
  std::uint64_t ticks = 0;
  for (const int pid : list_processes(proc).value_or(std::vector<int>())) {
    if (std::find(passed_over.begin(), passed_over.end(), pid) != passed_over.end()) continue;
    if (const auto stat = read_text(proc / std::to_string(pid) / "stat", 4096)) ticks += ticks_of(*stat);
  }
  return ticks;
}

std::chrono::nanoseconds IdlePrograms::idle_at(std::chrono::nanoseconds now) {
  if (ticks_ != UINT64_MAX && now - looked_at_ < std::chrono::seconds(1)) return looked_at_ - since_;
  looked_at_ = now;
  const std::uint64_t ticks = program_ticks(proc_, passed_over_);
  if (ticks != ticks_) since_ = now;
  ticks_ = ticks;
  return now - since_;
}

}  // namespace ktstr::guest
