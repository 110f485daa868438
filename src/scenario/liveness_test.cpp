// SPDX-License-Identifier: Apache-2.0
#include "scenario/liveness.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "base/system/process.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;

Subprocess start(std::vector<std::string> argv) { return *Subprocess::start({.argv = std::move(argv)}); }

Result<std::optional<int>> successor(std::optional<int> pid) { return pid; }

// Far enough that a test that waits for it has failed.
Nanoseconds never() { return monotonic_now() + 1h; }

TEST(SchedulerWatch, OnlyWaitsWhenThereIsNoScheduler) {
  auto watch = *SchedulerWatch::open(0);
  EXPECT_EQ(*watch.alive(), true);
  const Nanoseconds deadline = monotonic_now() + 5ms;
  EXPECT_EQ(*watch.hold_until(deadline), HoldEnd::kTimeOver);
  EXPECT_GE(monotonic_now(), deadline);
}

TEST(SchedulerWatch, HoldsToTheDeadlineWhileTheSchedulerLives) {
  auto watch = *SchedulerWatch::open(::getpid());
  for (int i = 0; i < 2; ++i) {
    const Nanoseconds deadline = monotonic_now() + 5ms;
    EXPECT_EQ(*watch.hold_until(deadline), HoldEnd::kTimeOver);
    EXPECT_GE(monotonic_now(), deadline);
  }
  EXPECT_EQ(*watch.alive(), true);
}

TEST(SchedulerWatch, EndsAHoldWhenTheSchedulerEnds) {
  // It ends when its input does, which is while we hold or before; a zombie is gone just as well.
  auto scheduler = start({"true"});
  auto watch = *SchedulerWatch::open(scheduler.pid());
  EXPECT_EQ(*watch.hold_until(never()), HoldEnd::kSchedulerGone);
  EXPECT_EQ(*watch.alive(), false);
}

TEST(SchedulerWatch, EndsAHoldWhenTheSchedulerIsKilledMeanwhile) {
  auto scheduler = start({"sleep", "600"});
  auto watch = *SchedulerWatch::open(scheduler.pid());
  ASSERT_EQ(*watch.alive(), true);
  std::thread killer([&] { ASSERT_TRUE(scheduler.signal(SIGKILL)); });
  EXPECT_EQ(*watch.hold_until(never()), HoldEnd::kSchedulerGone);
  killer.join();
}

TEST(SchedulerWatch, SeesASchedulerThatEndedAtADeadlineThatIsOver) {
  auto scheduler = start({"sleep", "600"});
  auto watch = *SchedulerWatch::open(scheduler.pid());
  EXPECT_EQ(*watch.hold_until(Nanoseconds(0)), HoldEnd::kTimeOver);
  scheduler.kill();
  EXPECT_EQ(*watch.hold_until(Nanoseconds(0)), HoldEnd::kSchedulerGone);
}

TEST(SchedulerWatch, HoldsOnWhenTheProcessHasLeftItsSchedulerToAnother) {
  auto scheduler = start({"true"});
  int asked = 0;
  auto watch = *SchedulerWatch::open(scheduler.pid(), [&]() -> Result<std::optional<int>> {
    ++asked;
    return std::optional(0);
  });
  for (int i = 0; i < 2; ++i) {
    const Nanoseconds deadline = monotonic_now() + 200ms;
    EXPECT_EQ(*watch.hold_until(deadline), HoldEnd::kTimeOver);
    EXPECT_GE(monotonic_now(), deadline);
  }
  EXPECT_EQ(*watch.alive(), true);
  EXPECT_EQ(asked, 1) << "its end was seen in the first hold";
  scheduler.kill();
  EXPECT_EQ(*(*SchedulerWatch::open(scheduler.pid(), [] { return successor(0); })).alive(), true);
  EXPECT_EQ(*(*SchedulerWatch::open(scheduler.pid(), [] { return successor({}); })).alive(), false);
}

TEST(SchedulerWatch, WatchesTheProcessThatTookOver) {
  auto first = start({"true"}), second = start({"sleep", "600"});
  bool asked = false;
  auto watch = *SchedulerWatch::open(
      first.pid(), [&] { return std::exchange(asked, true) ? successor({}) : successor(second.pid()); });
  EXPECT_EQ(*watch.hold_until(monotonic_now() + 100ms), HoldEnd::kTimeOver);
  EXPECT_EQ(*watch.alive(), true);
  std::thread killer([&] { second.kill(); });
  EXPECT_EQ(*watch.hold_until(never()), HoldEnd::kSchedulerGone);
  killer.join();
  EXPECT_EQ(*watch.alive(), false);
}

TEST(SchedulerWatch, PassesOverASuccessorThatHasEndedToo) {
  auto first = start({"true"}), second = start({"true"});
  const pid_t ended = second.pid();
  second.kill();
  std::vector<int> next = {ended, ::getpid()};
  auto watch = *SchedulerWatch::open(first.pid(), [&] {
    const int pid = next.front();
    next.erase(next.begin());
    return successor(pid);
  });
  EXPECT_EQ(*watch.hold_until(monotonic_now() + 100ms), HoldEnd::kTimeOver);
  EXPECT_TRUE(next.empty());
}

TEST(SchedulerWatch, TakesAPidThatIsNoMoreForASchedulerThatIsGone) {
  auto scheduler = start({"true"});
  const pid_t pid = scheduler.pid();
  scheduler.kill();
  auto watch = *SchedulerWatch::open(pid);
  EXPECT_EQ(*watch.alive(), false);
  EXPECT_EQ(*watch.hold_until(never()), HoldEnd::kSchedulerGone);
}

void ignore_signal(int) {}

TEST(SchedulerWatch, HoldsOnAfterASignal) {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = ignore_signal;  // without SA_RESTART; epoll_wait is never restarted anyway (signal(7))
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  auto watch = *SchedulerWatch::open(0);
  const Nanoseconds deadline = monotonic_now() + 50ms;
  std::thread disturber([target = ::pthread_self()] {
    for (int i = 0; i < 20; ++i) ::pthread_kill(target, SIGUSR1);
  });
  EXPECT_EQ(*watch.hold_until(deadline), HoldEnd::kTimeOver);
  EXPECT_GE(monotonic_now(), deadline);
  disturber.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST(SchedulerWatch, ReportsACallThatFailsWithThePidAndARemedy) {
  const auto watch = SchedulerWatch::open(-5);
  ASSERT_FALSE(watch);
  EXPECT_EQ(watch.error().render(),
            "cannot watch the scheduler with pid -5: pidfd_open failed: Invalid argument (EINVAL)\n"
            "  hint: a scheduler's pid is that of a process, and Linux knows pidfd_open since 5.3");
}

// Room for so many more descriptors while it lives.
class DescriptorsLeft {
 public:
  explicit DescriptorsLeft(std::size_t left) {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const rlimit few{128, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    for (Fd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); fd.valid();
         fd = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)))
      taken_.push_back(std::move(fd));
    taken_.resize(taken_.size() - left);
  }
  ~DescriptorsLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
  std::vector<Fd> taken_;
};

TEST(SchedulerWatch, NamesTheCallThatFoundNoDescriptor) {
  const std::vector<const char*> calls = {"timerfd_create", "epoll_create1", "pidfd_open"};
  for (std::size_t left = 0; left < calls.size(); ++left) {
    const auto watch = [&] {
      const DescriptorsLeft room(left);
      return SchedulerWatch::open(::getpid());
    }();
    ASSERT_FALSE(watch) << calls[left];
    EXPECT_EQ(watch.error().render(),
              fmt::format("cannot watch the scheduler with pid {}: {} failed: Too many open files (EMFILE)\n"
                          "  hint: check the limits on file descriptors: ulimit -n and /proc/sys/fs/file-max",
                          ::getpid(), calls[left]));
  }
}

// From now on the kernel answers this process with `error` to this system call.
bool refuse(long call, unsigned error) {
  sock_filter filter[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{std::size(filter), filter};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// What `body` says in a process of its own, which it may ruin.
std::string said_by_child(const std::function<std::string()>& body) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd reading(ends[0]);
  Fd writing(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string text = body();
    ::_exit(::write(writing.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  writing = Fd();
  std::string said(4096, '\0');
  const ssize_t got = ::read(reading.get(), said.data(), said.size());
  said.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  return said;
}

constexpr const char* kNoFilters = "this kernel takes no seccomp filter";

TEST(SchedulerWatch, ReportsAnEpollSetThatTakesNoMore) {
  // What epoll_ctl(2) answers where max_user_watches is reached, a limit that is the whole machine's.
  const std::string said = said_by_child([] {
    if (!refuse(SYS_epoll_ctl, ENOSPC)) return std::string(kNoFilters);
    return SchedulerWatch::open(::getppid()).error().render();
  });
  if (said == kNoFilters) GTEST_SKIP() << kNoFilters;
  EXPECT_EQ(said, fmt::format("cannot watch the scheduler with pid {}: epoll_ctl failed: No space left on device "
                              "(ENOSPC)\n  hint: check the limit /proc/sys/fs/epoll/max_user_watches",
                              ::getpid()));
}

TEST(SchedulerWatch, ReportsAWaitThatFails) {
  const std::string said = said_by_child([] {
    auto watch = SchedulerWatch::open(::getppid());
    bool refused = refuse(SYS_epoll_pwait, EINVAL);
#ifdef SYS_epoll_wait
    refused = refused && refuse(SYS_epoll_wait, EINVAL);
#endif
    if (!refused) return std::string(kNoFilters);
    return watch->hold_until(never()).error().render() + "\n" + watch->alive().error().render();
  });
  if (said == kNoFilters) GTEST_SKIP() << kNoFilters;
  const std::string once = fmt::format(
      "cannot watch the scheduler with pid {}: epoll_wait failed: Invalid argument (EINVAL)\n"
      "  hint: this is a defect of the harness; report it",
      ::getpid());
  EXPECT_EQ(said, once + "\n" + once);
}

}  // namespace
}  // namespace ktstr
