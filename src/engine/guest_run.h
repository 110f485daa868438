// SPDX-License-Identifier: Apache-2.0
//
// Follows one machine from its start to its end, and says how it ended.
#pragma once

#include <functional>

#include "engine/guest.h"
#include "engine/machine.h"
#include "engine/watch/guest_activity.h"
#include "engine/watch/lifecycle.h"
#include "engine/watch/output_watch.h"
#include "engine/watch/record_stream.h"
#include "engine/watch/run_delay.h"
#include "engine/watch/total_limits.h"
#include "wire/request.h"

namespace ktstr {

class GuestRun {
 public:
  using Finding = Lifecycle::Finding;

  GuestRun(const GuestSpec& spec, Machine machine, const GuestIo& io);
  GuestRun(const GuestRun&) = delete;
  GuestRun& operator=(const GuestRun&) = delete;

  // Handed over one by one, each at a warm point at which the guest has taken all before.
  Deliveries to_deliver;
  // Called where the guest stands still at a warm point and there is nothing to deliver.
  std::function<Status()> at_warm_point;
  // Until the guest has ended or must be ended, or `enough` says so: then empty.
  std::optional<Finding> follow(const std::function<bool()>& enough = {});
  // Ends QEMU and gathers what is known.
  GuestOutcome conclude(Finding finding);

  Machine& machine() { return machine_; }
  // What the guest does from now on is not looked at.
  void end_recording();
  // Since QEMU was started.
  double host_seconds() const;

 private:
  // Waits for QEMU's end, a ring, or the time of the next look. True: QEMU has ended.
  Result<bool> wait_for_something();
  Result<std::optional<Finding>> look();
  std::optional<Finding> observe();
  Status on_ring(mailbox::BellReason reason);
  Status on_warm_point();
  void answer_requests();
  void begin_recording(std::uint64_t guest_ns);
  void take_events();
  Status begin_turns();
  Status set_speeds(const std::vector<std::uint32_t>& percent);
  void be_done();
  Finding ended_by_itself();
  void look_into(Finding& finding, GuestOutcome& outcome);
  void explain_from_console(Finding& finding, const std::string& console) const;

  Machine machine_;
  std::optional<TurnSettings> turns_;
  bool turns_began_ = false;
  std::shared_ptr<ProbeListener> listener_;  // where the machine has probes
  std::string why_no_events_;
  RequestHandlers requests_;
  const GuestIo& io_;
  std::chrono::microseconds look_;  // between two looks at the mailbox
  RunDelay waited_;
  Lifecycle lifecycle_;
  TotalLimits total_;
  OutputWatch output_;
  GuestActivity activity_;
  RecordStream records_;
  Doorbell::State bell_ = Doorbell::State::kQuiet;
  bool said_done_ = false;  // through the doorbell
  std::optional<TurnCounts> counts_when_done_;
  double done_since_ = 0;  // host seconds; 0: not done
};

}  // namespace ktstr
