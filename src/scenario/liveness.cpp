// SPDX-License-Identifier: Apache-2.0
#include "scenario/liveness.h"

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

namespace ktstr {

namespace {

// Bits of what epoll reported.
constexpr int kSchedulerEnded = 1;
constexpr int kTimerFired = 2;

constexpr const char* kDescriptors = "check the limits on file descriptors: ulimit -n and /proc/sys/fs/file-max";

Error cannot(const char* call, int pid, std::string hint) {
  if (errno == EMFILE || errno == ENFILE) hint = kDescriptors;
  return fail_errno("cannot watch the scheduler with pid {}: {} failed", pid, call).with_hint(std::move(hint));
}

Status add_to(const Fd& epoll, const Fd& fd, int bit, int pid) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = static_cast<std::uint32_t>(bit);
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0)
    return cannot("epoll_ctl", pid, "check the limit /proc/sys/fs/epoll/max_user_watches");
  return ok();
}

}  // namespace

Result<SchedulerWatch> SchedulerWatch::open(int pid, Successor successor) {
  SchedulerWatch watch(pid, false);
  watch.successor_ = std::move(successor);
  watch.timer_ = Fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!watch.timer_.valid()) return cannot("timerfd_create", pid, kDescriptors);
  watch.epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!watch.epoll_.valid()) return cannot("epoll_create1", pid, kDescriptors);
  KTSTR_TRY(add_to(watch.epoll_, watch.timer_, kTimerFired, pid));
  if (pid != 0) {
    KTSTR_TRY(watch.watch_process(pid));
    if (!watch.pidfd_.valid()) {
      KTSTR_TRY_ASSIGN(const bool followed, watch.follow_successor());
      watch.was_gone_ = !followed;
    }
  }
  return watch;
}

// A pid that no longer exists leaves pidfd_ invalid.
Status SchedulerWatch::watch_process(int pid) {
  pid_ = pid;
  pidfd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (pidfd_.valid()) return add_to(epoll_, pidfd_, kSchedulerEnded, pid);
  if (errno == ESRCH) return ok();
  return cannot("pidfd_open", pid, "a scheduler's pid is that of a process, and Linux knows pidfd_open since 5.3");
}

Result<bool> SchedulerWatch::follow_successor() {
  for (;;) {
    // Not by closing it alone: a worker that was just forked may still have it.
    if (pidfd_.valid() && ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, pidfd_.get(), nullptr) != 0)
      return cannot("epoll_ctl", pid_, "this is a defect of the harness; report it");
    pidfd_.reset();
    if (!successor_) return false;
    KTSTR_TRY_ASSIGN(const std::optional<int> next, successor_());
    if (!next) return false;
    if (*next == 0) return true;
    if (*next == pid_)
      return fail(ErrorCode::kInternal, "process {} has ended and is said to be its own successor", pid_);
    KTSTR_TRY(watch_process(*next));
    if (pidfd_.valid()) return true;
  }
}

// EINTR needs no arithmetic: the timer holds the absolute deadline.
Result<int> SchedulerWatch::wait_for_events(int timeout_ms) const {
  epoll_event events[2];
  int count;
  do {
    count = ::epoll_wait(epoll_.get(), events, 2, timeout_ms);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return cannot("epoll_wait", pid_, "this is a defect of the harness; report it");
  int bits = 0;
  for (int i = 0; i < count; ++i) bits |= static_cast<int>(events[i].data.u32);
  return bits;
}

Result<bool> SchedulerWatch::alive() {
  if (was_gone_) return false;
  KTSTR_TRY_ASSIGN(const int bits, wait_for_events(0));
  if ((bits & kSchedulerEnded) == 0) return true;
  KTSTR_TRY_ASSIGN(const bool followed, follow_successor());
  was_gone_ = !followed;
  return followed;
}

Result<HoldEnd> SchedulerWatch::hold_until(Nanoseconds deadline) {
  if (was_gone_) return HoldEnd::kSchedulerGone;
  if (deadline > monotonic_now()) {
    itimerspec at{};
    at.it_value.tv_sec = deadline.count() / 1'000'000'000;
    at.it_value.tv_nsec = deadline.count() % 1'000'000'000;
    // Setting it anew also takes back an expiry that an earlier hold left unread.
    if (::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &at, nullptr) != 0)
      return cannot("timerfd_settime", pid_, "this is a defect of the harness; report it");
    for (int bits = 0; (bits & kTimerFired) == 0;) {
      KTSTR_TRY_ASSIGN(bits, wait_for_events(-1));
      KTSTR_TRY_ASSIGN(const bool alive_now, alive());
      if (!alive_now) return HoldEnd::kSchedulerGone;
    }
  }
  KTSTR_TRY_ASSIGN(const bool still_alive, alive());
  return still_alive ? HoldEnd::kTimeOver : HoldEnd::kSchedulerGone;
}

}  // namespace ktstr
