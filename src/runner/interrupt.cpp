// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include "runner/runner.h"

namespace ktstr {

namespace {

volatile sig_atomic_t interrupt_seen = 0;

// The second Ctrl-C ends us at once; children die with us and the next run removes what is left.
void on_interrupt(int number) {
  interrupt_seen = 1;
  ::signal(number, SIG_DFL);
}

}  // namespace

void install_interrupt_handler() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &action, nullptr);
}

bool interrupted() { return interrupt_seen != 0; }

}  // namespace ktstr
