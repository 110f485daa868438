// SPDX-License-Identifier: Apache-2.0
//
// Payloads: external programs that run inside a scenario (stress-ng, fio, hackbench, a benchmark of one's own), with
// the metrics that are read from their output and the checks on those. The program is looked up on the host (a path, or
// a name in PATH) and brought into the guest with its shared libraries and included files.
//
//   const Payload fio = Payload::program("fio", "fio").args({"--name=seq", "--rw=write", "--output-format=json"})
//                           .output(Payload::Output::kJson)
//                           .metric({.name = "write_iops", .path = "jobs.0.write.iops", .polarity = Polarity::kHigher})
//                           .check(PayloadCheck::min("write_iops", 100));
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ktstr {

enum class Polarity : std::uint8_t { kHigher, kLower, kNeutral };  // which way is better

// A number to be taken from a payload's JSON output.
struct PayloadMetric {
  std::string name;       // for reports and checks; unique in its payload
  std::string path = {};  // into the JSON, dots between keys and indices: "jobs.0.write.iops"; empty: as `name`
  Polarity polarity = Polarity::kNeutral;
  std::string unit = {};
  friend bool operator==(const PayloadMetric&, const PayloadMetric&) = default;
};

// What must hold of a payload when it has ended. A breach is a failing detail; it does not end the step.
struct PayloadCheck {
  enum class Kind : std::uint8_t { kMin, kMax, kRange, kExists, kExitCode };
  Kind kind = Kind::kExitCode;
  std::string metric;  // all but kExitCode
  double low = 0;      // kMin, kRange; kExitCode: the code
  double high = 0;     // kMax, kRange

  static PayloadCheck min(std::string metric, double least) { return {Kind::kMin, std::move(metric), least, 0}; }
  static PayloadCheck max(std::string metric, double most) { return {Kind::kMax, std::move(metric), 0, most}; }
  static PayloadCheck range(std::string metric, double low, double high) {
    return {Kind::kRange, std::move(metric), low, high};
  }
  static PayloadCheck exists(std::string metric) { return {Kind::kExists, std::move(metric), 0, 0}; }
  static PayloadCheck exit_code(int code) { return {Kind::kExitCode, {}, static_cast<double>(code), 0}; }
  std::string describe() const;  // "write_iops >= 100", "exit code 0"
  friend bool operator==(const PayloadCheck&, const PayloadCheck&) = default;
};

// Built in one expression; a name, program or metric that cannot work throws std::invalid_argument where it is written,
// what only the whole can tell is found by validate().
class Payload {
 public:
  // Of each file that it writes, and of its captured stdout and stderr, unless file_limit() says otherwise.
  static constexpr std::uint64_t kDefaultFileLimit = std::uint64_t{64} << 20;

  enum class Kind : std::uint8_t { kBinary, kScheduler };
  enum class Output : std::uint8_t { kExitCode, kJson };

  // `name` is what ops and reports call it, without control characters; `program` a path or a name in PATH.
  static Payload program(std::string name, std::string program);
  // A scheduler is no payload: a scenario that holds one is refused, with a word on where it belongs.
  static Payload scheduler(std::string name, std::string program);
  Payload& args(std::vector<std::string> args);  // default arguments; those of an op come after
  // When set, an op's arguments may only be `--flag` or `--flag=value` of these; positionals, short flags and "--"
  // pass.
  Payload& known_flags(std::vector<std::string> flags);  // with their dashes: "--runtime"
  Payload& include(std::vector<std::string> files);      // host paths, delivered to the same path in the guest
  // RLIMIT_FSIZE, so that output without end cannot fill the guest's memory. A program that writes a larger file (fio
  // with --size) says so here.
  Payload& file_limit(std::uint64_t bytes);
  Payload& output(Output kind);
  Payload& metric(PayloadMetric metric);
  Payload& check(PayloadCheck check);

  const std::string& name() const { return name_; }
  const std::string& program_name() const { return program_; }
  Kind kind() const { return kind_; }
  const std::vector<std::string>& default_args() const { return args_; }
  const std::optional<std::vector<std::string>>& flags() const { return known_flags_; }
  const std::vector<std::string>& files() const { return files_; }
  std::uint64_t most_file_bytes() const { return file_limit_; }
  Output output_kind() const { return output_; }
  const std::vector<PayloadMetric>& metrics() const { return metrics_; }
  const std::vector<PayloadCheck>& checks() const { return checks_; }
  // kInvalidArgument: a check on a metric that is not declared, limits that nothing can meet, metrics without JSON
  // output, a known flag without its dashes, an empty include path, a NUL in an argument.
  Status validate() const;
  // kInvalidArgument naming the argument and the known flags.
  Status check_args(const std::vector<std::string>& args) const;
  friend bool operator==(const Payload&, const Payload&) = default;

 private:
  Payload(std::string name, std::string program, Kind kind)
      : name_(std::move(name)), program_(std::move(program)), kind_(kind) {
    check_names();
  }
  void check_names() const;
  std::string name_, program_;
  Kind kind_;
  std::vector<std::string> args_, files_;
  std::optional<std::vector<std::string>> known_flags_;
  std::uint64_t file_limit_ = kDefaultFileLimit;
  Output output_ = Output::kExitCode;
  std::vector<PayloadMetric> metrics_;
  std::vector<PayloadCheck> checks_;
};

struct PayloadValue {
  std::string name;
  double value = 0;
  Polarity polarity = Polarity::kNeutral;
  std::string unit;
};

// How one run of a payload went; part of the result.
struct PayloadReport {
  std::string name, cgroup;  // cgroup empty: outside of the scenario's cgroups
  int step = 0;
  int pid = 0;
  bool killed = false;             // by the scenario, which is no fault of its own
  std::string exit;                // "exited with status 0", "killed by signal 9 (SIGKILL)"
  int exit_code = -1;              // -1: it did not exit by itself
  bool oom_killed = false;         // the kernel's OOM killer ended it or one of its processes
  std::uint64_t wall_time_ns = 0;  // from its start until its end was seen or it was killed, CLOCK_MONOTONIC
  std::vector<PayloadValue> metrics;
  std::vector<std::string> missing;  // metrics that its output did not hold, with the reason
  std::string output_tail;           // the last lines of stdout and stderr
};

}  // namespace ktstr
