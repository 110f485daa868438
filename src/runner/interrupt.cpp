// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <atomic>

#include "runner/runner.h"

namespace ktstr {

namespace {

// Written by a handler on any thread, read by all that watch a guest.
std::atomic<bool> interrupt_seen{false};
static_assert(std::atomic<bool>::is_always_lock_free);

// The second Ctrl-C ends us at once; children die with us and the next run removes what is left.
void on_interrupt(int number) {
  interrupt_seen = true;
  ::signal(number, SIG_DFL);
}

}  // namespace

void install_interrupt_handler() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &action, nullptr);
}

bool interrupted() { return interrupt_seen; }

}  // namespace ktstr
