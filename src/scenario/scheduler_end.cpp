// SPDX-License-Identifier: Apache-2.0
#include "scenario/scheduler_end.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/text/kernel_message.h"

namespace ktstr {

namespace {

SchedulerEnd end_of(const SchedulerExit& exit) {
  if (exit.by == EndedBy::kWatchdog) return SchedulerEnd::kStalled;
  return is_error(exit.by) ? SchedulerEnd::kCrashed : SchedulerEnd::kExitedCleanly;
}

}  // namespace

ExitProbe ExitProbe::open(const char* log) {
  Fd fd(::open(log, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (fd.valid()) ::lseek(fd.get(), 0, SEEK_END);
  return ExitProbe(std::move(fd));
}

SchedulerEnd ExitProbe::look() {
  read_on();
  return log_seen_.exits().empty() ? SchedulerEnd::kUnknown : end_of(log_seen_.exits().back());
}

void ExitProbe::read_on() {
  if (!log_.valid()) return;
  // /dev/kmsg gives one record a read; EPIPE says that records were overwritten before they were read.
  char record[8192];
  for (;;) {
    const ssize_t got = ::read(log_.get(), record, sizeof record);
    if (got < 0 && (errno == EINTR || errno == EPIPE)) continue;
    if (got <= 0) return;
    const auto message = parse_kernel_message({record, static_cast<std::size_t>(got)});
    if (message && message->of_kernel) log_seen_.line(message->text);
  }
}

}  // namespace ktstr
