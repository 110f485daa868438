// SPDX-License-Identifier: Apache-2.0
//
// The process of a body in host mode, from outside.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/system/process.h"

namespace ktstr::cli {

struct HostChildEnd {
  enum class Kind { kEnded, kTimedOut, kInterrupted } kind = Kind::kEnded;
  ExitStatus exit;                  // kEnded
  std::string result;               // what it wrote to its result file; empty: nothing
  std::vector<std::string> output;  // lines
};

struct HostChild {
  std::vector<std::string> argv;
  std::string job_json;
  fs::path journals;
  Nanoseconds limit{};
  std::function<bool()> interrupted;
  std::function<void(int pid)> clean_up;  // called once it is gone
};

// Runs it to its end; after `limit`, and when interrupted, it is killed. It dies with the thread that calls.
Result<HostChildEnd> run_host_child(const HostChild& child);

}  // namespace ktstr::cli
