// SPDX-License-Identifier: Apache-2.0
//
// Preloaded into QEMU: holds its threads up at random, as a host with too few CPUs would, where it matters to an idle
// guest. The main loop comes late to what has woken it, and the thread of the vCPUs stands still between a vCPU's halt,
// which leaves the generated code by siglongjmp(), and the end of its round.
#include <dlfcn.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace {

constexpr std::uint64_t kMostMicroseconds = 800;

bool is_main_thread() {
  thread_local const bool is = ::syscall(SYS_gettid) == ::getpid();
  return is;
}

// Every other time.
void perhaps_sleep() {
  thread_local std::uint64_t random = [] {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_nsec) * 2 + 1;
  }();
  random = random * 6364136223846793005ULL + 1442695040888963407ULL;
  if ((random >> 33) % 2 == 0) return;
  const timespec time{0, static_cast<long>((random >> 34) % kMostMicroseconds * 1000)};
  ::nanosleep(&time, nullptr);
}

using Jump = void (*)(sigjmp_buf, int);

[[noreturn]] void jump(const char* name, sigjmp_buf where, int value) {
  if (!is_main_thread()) perhaps_sleep();
  reinterpret_cast<Jump>(::dlsym(RTLD_NEXT, name))(where, value);
  __builtin_unreachable();
}

}  // namespace

extern "C" {

int ppoll(pollfd* fds, nfds_t count, const timespec* limit, const sigset_t* signals) {
  using Poll = int (*)(pollfd*, nfds_t, const timespec*, const sigset_t*);
  static const auto real = reinterpret_cast<Poll>(::dlsym(RTLD_NEXT, "ppoll"));
  const int ready = real(fds, count, limit, signals);
  const int error = errno;
  if (is_main_thread()) perhaps_sleep();
  errno = error;
  return ready;
}

[[noreturn]] void siglongjmp(sigjmp_buf where, int value) noexcept(false) { jump("siglongjmp", where, value); }

[[noreturn]] void __longjmp_chk(sigjmp_buf where, int value) { jump("__longjmp_chk", where, value); }
}
