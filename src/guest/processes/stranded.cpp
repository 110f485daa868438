// SPDX-License-Identifier: Apache-2.0
#include "guest/processes/stranded.h"

#include <sched.h>

#include "guest/processes/process_look.h"

namespace ktstr::guest {

bool StrandedWatch::is_stranded_at(std::chrono::nanoseconds now) {
  if (now < next_look_) return false;
  next_look_ = now + std::chrono::nanoseconds(kApart);
  const ProcessLook look = look_at_process(proc_, pid_);
  const bool stranded = look.runnable && waited_at_cpu_ns_ == look.cpu_ns;
  waited_at_cpu_ns_ = look.runnable ? std::optional(look.cpu_ns) : std::nullopt;
  return stranded;
}

void move_here(const std::filesystem::path& proc, pid_t pid) {
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(::sched_getcpu(), &here);
  for (const pid_t thread : look_at_process(proc, pid).threads) {
    cpu_set_t all;
    if (::sched_getaffinity(thread, sizeof all, &all) != 0) continue;
    if (::sched_setaffinity(thread, sizeof here, &here) == 0) ::sched_setaffinity(thread, sizeof all, &all);
  }
}

}  // namespace ktstr::guest
