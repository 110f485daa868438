// SPDX-License-Identifier: Apache-2.0
#include "runner/interrupt.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "base/system/temp_dir_list.h"
#include "runner/runner.h"

namespace ktstr {

namespace {

// Signals that ask for an end, by signal(7) those that terminate. SIGKILL cannot be seen.
constexpr std::array kAsking = {SIGINT,  SIGTERM,   SIGHUP,  SIGQUIT, SIGUSR1, SIGUSR2,  SIGALRM,
                                SIGPROF, SIGVTALRM, SIGXCPU, SIGPWR,  SIGPOLL, SIGSTKFLT};
// Those of a defect, and what abort(3) and others send to stop a program on the spot.
constexpr std::array kCrash = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGTRAP};

// Written by a handler on any thread, read by all that watch a guest.
std::atomic<int> signal_seen{0};
std::atomic<bool> reader_gone{false};
// A child between fork(2) and exec(2) has our handlers, and not our directories.
std::atomic<pid_t> owner{0};
static_assert(std::is_same_v<pid_t, int> && std::atomic<int>::is_always_lock_free &&
              std::atomic<bool>::is_always_lock_free);

// With SA_RESETHAND and SA_NODEFER: raise() is the end.
void die(int number) {
  if (::getpid() == owner) remove_listed_temp_dirs();
  ::signal(number, SIG_DFL);
  ::raise(number);
}

void on_interrupt(int number) {
  int none = 0;
  if (!signal_seen.compare_exchange_strong(none, number)) die(number);
}

void handle(int number, void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  ::sigaction(number, &action, nullptr);
}

bool is(int number, void (*disposition)(int)) {
  struct sigaction now {};
  return ::sigaction(number, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == disposition;
}

// nohup(1) ignores it for us.
bool stays_ignored(int number) { return number == SIGHUP && is(number, SIG_IGN); }

void die_at(int number) {
  // A sanitizer has handlers of its own for some.
  if (is(number, SIG_DFL)) handle(number, die, static_cast<int>(SA_RESETHAND) | SA_NODEFER);
}

}  // namespace

void prepare_to_end() {
  owner = ::getpid();
  for (const int number : {SIGPIPE, SIGXFSZ}) ::signal(number, SIG_IGN);
  for (const int number : kAsking) die_at(number);
  for (const int number : kCrash) die_at(number);
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) die_at(number);
}

void forget_ends() {
  for (const int number : {SIGPIPE, SIGXFSZ}) ::signal(number, SIG_DFL);
}

void install_interrupt_handler() {
  for (const int number : kAsking)
    if (!stays_ignored(number)) handle(number, on_interrupt, 0);
}

bool interrupted() { return signal_seen != 0 || reader_gone; }

void stop_as_nobody_reads() { reader_gone = true; }
bool nobody_reads() { return reader_gone; }

std::string interruption() {
  const int number = signal_seen;
  if (number == 0) return "interrupted";
  const char* name = ::sigabbrev_np(number);
  return std::string("interrupted by SIG") + (name != nullptr ? name : "?");
}

}  // namespace ktstr
