// SPDX-License-Identifier: Apache-2.0
//
// Where the body of a run is: in a guest, or on this machine. What is the same for both (directory, events, judgement,
// record) is in runner.cpp, and both tell it what happens in the same records.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/guest.h"
#include "host/cpu_use.h"
#include "results/run_directory.h"
#include "results/run_record.h"
#include "runner/collector.h"
#include "runner/runner.h"

namespace ktstr {

struct RunEnd {
  GuestOutcome guest;             // on this machine: the body's end, in the words for a guest's
  std::optional<CpuUse> cpu_use;  // on this machine, where it is known
  std::vector<Detail> notes;      // that come after all other details
};

// Each function is called once, in this order, until one fails; what there is to say of the run goes into the record
// that the place was made with.
class Place {
 public:
  virtual ~Place() = default;
  // What the user named: an Error is about that.
  virtual Status check() = 0;
  // What the machine has.
  virtual Status prepare() = 0;
  // For replays. That it cannot be is no reason not to run.
  virtual void keep_inputs(const RunDirectory& /*directory*/) {}
  // Runs the body to its end and cleans up after it. `take` gets each record; its Error ends the run, as for
  // GuestIo::on_record.
  virtual Result<RunEnd> run_body(const RunDirectory& directory, const std::function<Status(const Record&)>& take) = 0;
  // What only this place knows, before anything is judged.
  virtual void remember(const GuestOutcome& /*guest*/, const GuestStory& /*story*/) {}
};

std::unique_ptr<Place> place_in_guest(const RunRequest& request, const RunnerEnvironment& environment,
                                      RunRecord& record);
std::unique_ptr<Place> place_on_host(const RunRequest& request, const RunnerEnvironment& environment,
                                     RunRecord& record);

}  // namespace ktstr
