// SPDX-License-Identifier: Apache-2.0
//
// The process of a body in host mode, from outside. It is trusted no more than a guest.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/system/process.h"
#include "wire/live_workers.h"
#include "wire/records.h"

namespace ktstr {

struct HostChildEnd {
  enum class Kind { kEnded, kTimedOut, kInterrupted, kNotTaken } kind = Kind::kEnded;
  ExitStatus exit;                  // of a process that was killed: that it was
  Status taken = ok();              // kNotTaken: why; the process was killed
  std::vector<std::string> output;  // lines
  Nanoseconds cpu_time{};           // of all of its processes
  LiveWorkersSeen live;             // its workers, as they were last seen
};

struct HostChild {
  std::vector<std::string> argv;
  std::string job_json;
  fs::path journals;
  Nanoseconds limit{};
  std::function<bool()> interrupted;
  std::function<Status(const Record&)> take;  // gets each record of the body as it comes
  std::function<void(int pid)> clean_up;      // called once it is gone
};

// Runs it to its end; after `limit`, when interrupted, and when what it says is not taken or is no record, it is
// killed. It dies with the thread that calls.
Result<HostChildEnd> run_host_child(const HostChild& child);

}  // namespace ktstr
