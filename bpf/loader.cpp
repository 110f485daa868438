// SPDX-License-Identifier: GPL-2.0-only
// scx_ktstr: loads the fixture scheduler, waits without polling for a signal, the end of
// --exit-after or the kernel's end of the scheduler, and says how it ended.
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "llc.h"
#include "options.h"
#include "scheduler.h"

namespace {

using namespace scx_ktstr;

enum ExitStatus { kEnded = 0, kEndedWithError = 1, kNotStarted = 2, kUsage = 64 };

// enum scx_exit_kind: kinds from here on are errors.
constexpr int kScxExitError = 1024;

int complain(const std::string& message, ExitStatus status) {
  std::fprintf(stderr, "scx_ktstr: %s\n", message.c_str());
  return status;
}

// Signals arrive at the returned descriptor only, so that none is lost before wait_for_end() looks.
int open_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (sigprocmask(SIG_BLOCK, &signals, nullptr)) return -1;
  return signalfd(-1, &signals, SFD_CLOEXEC);
}

// A timer that never fires without `ms`.
int open_exit_timer(const std::optional<std::uint64_t>& ms) {
  const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  if (fd < 0 || !ms) return fd;
  itimerspec at{};
  at.it_value.tv_sec = static_cast<time_t>(*ms / 1000);
  at.it_value.tv_nsec = static_cast<long>(*ms % 1000 * 1'000'000);
  if (*ms == 0) at.it_value.tv_nsec = 1;  // zero would disarm
  return timerfd_settime(fd, 0, &at, nullptr) ? -1 : fd;
}

// Wakes up once after --stall-after, to be the task that stalls if no other user task wants to run: else nothing would
// ever happen in an idle system.
int wake_up_ms(const Options& options) {
  constexpr std::uint64_t kAfterStallMs = 50;
  return options.stall_after_ms ? static_cast<int>(*options.stall_after_ms + kAfterStallMs) : -1;
}

bool wait_for_end(int signals, int timer, int exit_event, int wake_up_ms, bool talk) {
  pollfd fds[] = {{signals, POLLIN, 0}, {timer, POLLIN, 0}, {exit_event, POLLIN, 0}};
  for (unsigned long line = 0; talk && poll(fds, std::size(fds), 0) == 0; ++line)
    std::printf("scx_ktstr: line %lu of those that it prints without pause\n", line);
  for (;;) {
    const int ready = poll(fds, std::size(fds), wake_up_ms);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    wake_up_ms = -1;
  }
}

int report_end(const Scheduler& scheduler) {
  const auto record = scheduler.exit_record();
  if (!record) return complain(record.error(), kEndedWithError);
  const ktstr_exit& end = **record;
  if (end.kind == 0) return complain("detached, but ops.exit was not called", kEndedWithError);
  std::fprintf(stderr, "scx_ktstr: ended: kind=%d code=%lld reason=\"%s\" msg=\"%s\"\n", end.kind,
               static_cast<long long>(end.code), end.reason, end.msg);
  if (end.dump[0]) std::fprintf(stderr, "scx_ktstr: dump:\n%s\nscx_ktstr: end of dump\n", end.dump);
  return end.kind >= kScxExitError ? kEndedWithError : kEnded;
}

// Attaching succeeds, too, when the kernel ended the scheduler on the way.
bool has_ended(const Scheduler& scheduler) {
  const auto record = scheduler.exit_record();
  return record && (*record)->kind != 0;
}

int run(const Options& options) {
  const int signals = open_signals();
  if (signals < 0) return complain(std::string("signalfd: ") + std::strerror(errno), kNotStarted);
  const auto llcs = find_llcs(options.sysfs_root);
  if (!llcs) return complain(llcs.error(), kNotStarted);
  auto scheduler = Scheduler::load(options, *llcs);
  if (!scheduler) return complain(scheduler.error(), kNotStarted);
  const int timer = open_exit_timer(options.exit_after_ms);
  if (timer < 0) return complain(std::string("timerfd: ") + std::strerror(errno), kNotStarted);
  const auto attached = scheduler->attach();
  if (!attached) return complain(attached.error(), kNotStarted);

  if (!has_ended(*scheduler)) {
    std::printf("scx_ktstr: attached, %u LLCs, slice %llu us\n", llcs->nr_llcs,
                static_cast<unsigned long long>(options.slice_us));
    std::fflush(stdout);
    if (!wait_for_end(signals, timer, scheduler->exit_event_fd(), wake_up_ms(options), options.talk))
      return complain(std::string("poll: ") + std::strerror(errno), kEndedWithError);
  }
  scheduler->detach();
  return report_end(*scheduler);
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse_options({argv, static_cast<std::size_t>(argc)});
  if (!options) return complain(options.error() + "\n" + usage(), kUsage);
  switch (options->action) {
    case Action::kHelp:
      std::fputs(usage(), stdout);
      return kEnded;
    case Action::kVersion:
      std::puts("scx_ktstr " SCX_KTSTR_VERSION);
      return kEnded;
    case Action::kRun:
      break;
  }
  return run(*options);
}
