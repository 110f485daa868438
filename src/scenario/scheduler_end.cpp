// SPDX-License-Identifier: Apache-2.0
#include "scenario/scheduler_end.h"

#include <fcntl.h>
#include <unistd.h>

namespace ktstr {

SchedulerEnd scheduler_end_in(std::string_view line) {
  const std::size_t start = line.find("sched_ext: BPF scheduler \"");
  if (start == std::string_view::npos) return SchedulerEnd::kUnknown;
  const std::size_t how = line.find("\" disabled (", start);
  if (how == std::string_view::npos) return SchedulerEnd::kUnknown;
  // scx_exit_reason() names the orderly ways so; all others are errors.
  for (const std::string_view orderly : {"unregistered from user space", "unregistered from BPF",
                                         "unregistered from the main kernel", "disabled by sysrq-S"})
    if (line.find(orderly, how) != std::string_view::npos) return SchedulerEnd::kExitedCleanly;
  return SchedulerEnd::kCrashed;
}

ExitProbe ExitProbe::open(const char* log) {
  Fd fd(::open(log, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (fd.valid()) ::lseek(fd.get(), 0, SEEK_END);
  return ExitProbe(std::move(fd));
}

SchedulerEnd ExitProbe::look() {
  if (!log_.valid()) return seen_;
  // /dev/kmsg gives one record a read; EPIPE says that records were overwritten before they were read.
  char record[8192];
  for (;;) {
    const ssize_t got = ::read(log_.get(), record, sizeof record);
    if (got < 0 && (errno == EINTR || errno == EPIPE)) continue;
    if (got <= 0) return seen_;
    const SchedulerEnd said = scheduler_end_in({record, static_cast<std::size_t>(got)});
    if (said != SchedulerEnd::kUnknown) seen_ = said;
  }
}

}  // namespace ktstr
