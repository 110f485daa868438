// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>

#include "base/log.h"
#include "base/system/oom_score.h"
#include "guest/agent.h"
#include "guest/body.h"
#include "guest/schedulers/attach_gate.h"
#include "guest/setup.h"
#include "workload/task/priorities.h"

namespace {

using namespace ktstr;

guest::Agent* the_agent = nullptr;

// A crash of PID 1 would panic the kernel and look like the scheduler's fault. Say what it was first. Not
// async-signal-safe, but the alternative is to say nothing at all.
void on_fatal_signal(int number) {
  ::signal(number, SIG_DFL);
  if (the_agent != nullptr)
    the_agent->die(std::string("the agent crashed: SIG") + (sigabbrev_np(number) ? sigabbrev_np(number) : "?"));
  guest::power_off();
}

void on_terminate() { on_fatal_signal(SIGABRT); }

Status bring_up() {
  KTSTR_TRY(guest::mount_file_systems());
  guest::enable_cpusets();
  KTSTR_TRY(guest::become_realtime(kAgentPriority, guest::Children::kOrdinary));
  // A line for each of a thousand processes would push the one that says who was killed out of the kernel's log.
  ignore_result(write_text("/proc/sys/vm/oom_dump_tasks", "0"), "a kernel without sysctls has no such file");
  KTSTR_TRY(set_oom_score_adj(kNeverKilled));  // the body inherits it
  KTSTR_TRY(guest::bring_loopback_up());
  return guest::set_clock_if_unset();
}

int run_as_init() {
  for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) ::signal(number, on_fatal_signal);
  std::set_terminate(on_terminate);
  const Status up = bring_up();
  const auto command_line = read_text("/proc/cmdline");
  auto mapping = guest::map_mailbox(command_line ? *command_line : "");
  if (!mapping) {
    // Without a mailbox the console is all that is left to speak on.
    log_error("agent: {}", (up ? mapping.error() : up.error()).render());
    guest::power_off();
  }
  guest::Agent agent(mailbox::View(mapping->bytes()));
  the_agent = &agent;
  if (!up) agent.die("the guest could not be brought up: " + up.error().message());
  agent.run();
  guest::power_off();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--scenario") == 0) return ktstr::guest_scenario_main();
  if (argc > 3 && std::strcmp(argv[1], ktstr::guest::kGateArgument) == 0)
    return ktstr::guest::execute_behind_gate(std::atoi(argv[2]), argv + 3);
  if (::getpid() == 1) return run_as_init();
  ktstr::log_error("ktstr-agent is PID 1 of ktstr's guests; there is nothing that it does elsewhere");
  return 64;
}
