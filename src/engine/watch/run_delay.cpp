// SPDX-License-Identifier: Apache-2.0
#include "engine/watch/run_delay.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "base/file.h"

namespace ktstr {

using std::chrono::nanoseconds;

nanoseconds run_delay(pid_t pid, const fs::path& proc) {
  std::uint64_t most_run = 0, delay = 0;
  std::error_code error;
  // Threads come and go meanwhile.
  fs::directory_iterator task(proc / std::to_string(pid) / "task", error);
  for (; !error && task != fs::directory_iterator(); task.increment(error)) {
    const auto text = read_text(task->path() / "schedstat", 256);
    unsigned long long run = 0, waited = 0;
    if (!text || std::sscanf(text->c_str(), "%llu %llu", &run, &waited) != 2 || run < most_run) continue;
    most_run = run;
    delay = waited;
  }
  return nanoseconds(static_cast<std::int64_t>(delay));
}

nanoseconds RunDelay::at(nanoseconds now) {
  if (now - read_at_ < std::chrono::seconds(1)) return delay_;
  read_at_ = now;
  delay_ = std::max(delay_, run_delay(pid_));
  return delay_;
}

}  // namespace ktstr
