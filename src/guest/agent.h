// SPDX-License-Identifier: Apache-2.0
//
// The agent: PID 1 of the guest. It brings the machine up, says so, waits at the warm point for its job, unpacks what
// came with it, checks that the topology is the one asked for, starts the scheduler and waits until the kernel says
// `enabled`, starts the test's body and watches both to the end, puts everything back, and powers off. Whatever happens
// it says into its lane, with guest time; it runs at real-time priority, so that no scheduler under test decides
// whether it can.
//
// Phases: boot (until the job is taken), attach, dispatch (until the body has started), body, teardown, done. Each has
// its limit in guest time (Job::limits).
#pragma once

#include <poll.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>

#include "guest/body_process.h"
#include "guest/line_source.h"
#include "guest/mailbox_mapping.h"
#include "guest/processes/unkillable.h"
#include "guest/schedulers/scheduler_process.h"
#include "guest/tracing.h"
#include "ktstr/topology.h"
#include "wire/job.h"

namespace ktstr::guest {

class Agent {
 public:
  explicit Agent(mailbox::View view);
  // Everything from the announcement to the end; never fails, but reports.
  void run();
  // For the handlers of what must not happen: says why and ends the machine.
  [[noreturn]] void die(const std::string& why);

 private:
  Status run_job();
  Status look_at_topology();
  void wait_at_warm_point(std::chrono::milliseconds look, std::chrono::milliseconds quiet_limit);
  Result<mailbox::DeliveryKind> take_delivery();
  Status check_topology(const Topology& asked);
  Result<bool> attach();
  bool wait_until_attached(std::chrono::milliseconds limit);
  Status start_scheduler(const std::vector<std::string>& argv, const std::string& name);
  // One that stands ready, or a new one.
  Status take_scheduler(const std::vector<std::string>& argv, const std::string& name);
  // What an op will attach. One that does not come so far is started anew then, which says why.
  void make_ready(const AttachJob& job);
  // Whether SIGKILL has not ended some thread for a while.
  bool something_cannot_be_killed();
  Status start_scenario_body();
  Status start_body(const Job& job);
  Status run_body(const Job& job);
  // --- schedulers: agent_schedulers.cpp
  void let_a_changing_scheduler_finish(std::chrono::seconds limit);
  // Reports its end, and whether there was one.
  bool note_scheduler_exit();
  bool scheduler_is_gone() const;
  // `signal` reaches all of its processes. False: it could not be unloaded.
  bool end_scheduler(Nanoseconds deadline, const std::function<void(int)>& signal);
  void tear_down(const Job& job);

  // What ops ask for.
  Result<request::SchedulerPid> change_scheduler(const request::ChangeScheduler& change);
  Status detach_for_op();
  Status attach_for_op(const std::vector<std::string>& argv, const std::string& name);

  void enter(Phase phase);
  void finish();
  void heartbeat();
  // Answers what the body asks.
  void serve_body();
  // Those of schedulers, see attach_gate.h.
  void add_gates(std::vector<pollfd>& fds);
  void serve_gates();
  void drain_logs();
  void start_tracing(const Job& job);
  void stop_tracing();
  void report_taint();
  // What stands in the way of a body that did not end in time, once all programs but `schedulers` were killed; "" for
  // nothing.
  std::string what_cannot_be_killed(const std::vector<pid_t>& schedulers);
  void finish_logs();
  // Serves logs and heartbeat until `done` says so or `deadline` (guest CLOCK_MONOTONIC) is over: then false. Wakes up
  // at least every `interval`, and whenever something is to be read or a watched process ends.
  bool serve_until(const std::function<bool()>& done, Nanoseconds deadline, std::chrono::milliseconds interval);

  mailbox::View view_;
  RecordLog log_;
  std::optional<KernelLog> kernel_log_;
  std::optional<SchedulerProcess> scheduler_;
  std::optional<SchedulerProcess> standing_;  // while another is started beside it
  // Loaded, and not attached before an op asks for it; by the name that it has there.
  std::multimap<std::string, SchedulerProcess> ready_;
  std::vector<std::string> last_argv_;  // of scheduler_, or of the one before where there is none
  std::string last_name_;
  const Job* job_ = nullptr;  // while its body runs
  bool changing_scheduler_ = false;
  std::optional<BodyProcess> body_;
  std::optional<Tracing> tracing_;
  TestTopology topology_;
  std::uint32_t taken_ = 0;       // deliveries
  RequestHandlers requests_;      // of the body
  std::uint32_t schedulers_ = 0;  // that were started
  Nanoseconds next_look_for_unkillable_{0};
  UnkillableWatch unkillable_;
};

[[noreturn]] void power_off();

}  // namespace ktstr::guest
