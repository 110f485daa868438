// SPDX-License-Identifier: Apache-2.0
//
// A kept run, stopped in its middle: up to there it is the same run, and then it stands still to be looked at.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "engine/guest.h"
#include "kernel_state/expression.h"
#include "runner/replay/stored_request.h"

namespace ktstr {

// When to stop: so long after the body's start, or before (negative) or after the failure.
struct StopTime {
  enum class From { kBodyStart, kFailure } from = From::kBodyStart;
  std::chrono::nanoseconds offset{};
  // "1.5s", "fail", "fail-20ms", "fail+20ms".
  static Result<StopTime> parse(std::string_view text);
};

struct StopMoment {
  std::uint64_t guest_ns = 0;       // guest CLOCK_MONOTONIC
  std::uint64_t body_start_ns = 0;  // the same
  std::string what;                 // "1.500 s after the body's start", "20 ms before the scheduler's end"
};
// From the kept events. kInvalidArgument: the run had no body, did not fail, or had ended by then.
Result<StopMoment> find_stop_moment(const StoredRun& stored, const StopTime& time);

// What an expression has for a value; why it has none, where `error` says so.
struct ShownValue {
  std::string expression;
  nlohmann::ordered_json value;
  std::string error, hint;
};

// What a person gets to work with.
struct StoppedGuest {
  std::uint64_t guest_ns = 0;                 // as its kernel last counted it
  std::chrono::nanoseconds tick{};            // in steps of this
  std::vector<std::filesystem::path> memory;  // one file a NUMA node
  std::filesystem::path console_log;
  std::filesystem::path gdb_script;  // empty: no gdb was asked for
  std::vector<ShownValue> shown;     // of TimeTravel::show, in its order
};

struct TimeTravel {
  StopMoment moment;
  std::filesystem::path vmlinux;
  std::filesystem::path work_dir;  // for the kernel's symbols and the gdb script
  bool gdb = false;
  std::vector<Expression> show;
  int cpus = 1;                                   // that the guest has
  std::function<void(const StoppedGuest&)> look;  // the guest stands still until it returns
};
// For RunRequest::pause. kUnsupported: the image has no symbols, without which the guest's clock cannot be read.
Result<std::shared_ptr<const GuestPause>> make_pause(const TimeTravel& travel);

}  // namespace ktstr
