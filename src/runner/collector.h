// SPDX-License-Identifier: Apache-2.0
//
// What a guest said, or a body on this machine, decoded and in one place. Nothing here judges; see classify.h. They
// decide how much they say, so there is a limit to what is kept of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "runner/event_file.h"
#include "runner/scheduler_life.h"
#include "wire/records.h"

namespace ktstr {

struct GuestStory {
  std::optional<HelloRecord> hello;
  std::optional<TestTopology> topology;
  std::optional<QuantumRecord> quantum;
  SchedulerLives schedulers;  // under test, one after another
  std::optional<ResultRecord> result;
  std::optional<BodyEndRecord> body_end;
  std::vector<GuestErrorRecord> errors;
  std::vector<StepMark> marks;
  std::vector<Stimulus> stimuli;
  std::vector<WorkerReport> workers;
  std::vector<PayloadReport> payloads;  // as they ended; those of the result come on top
  std::vector<std::string> scheduler_log, body_log, agent_log;
  std::vector<std::string> kernel_log;          // all of it
  std::vector<std::uint64_t> kernel_log_ns;     // when each line of it was read, CLOCK_MONOTONIC
  std::vector<std::string> kernel_log_in_test;  // what came before the teardown
  std::optional<std::uint64_t> taint_at_start;
  std::uint64_t taint = 0;            // as last reported
  std::vector<OutputRecord> outputs;  // of whoever printed much
  MigratedRecord migrated;
  std::uint64_t body_start_ns = 0, body_end_ns = 0;
  bool tearing_down = false;
  bool ended = false;  // the agent's last record came

  // The last one.
  const SchedulerLife& scheduler() const { return schedulers.last(); }
  SchedulerLife& scheduler() { return schedulers.last(); }
};

class Collector {
 public:
  // Of the records as they came, which is what the event file takes on disk.
  static constexpr Bytes kMostRaw = Bytes{256} << 20;
  // Of what is kept of them, in memory and in result.json (Get::weight()).
  static constexpr Bytes kMostWeight = Bytes{96} << 20;
  // Of a line of a log; what is longer is cut.
  static constexpr std::size_t kMostLine = 16 << 10;

  // kCorruptData: no record of ours. kUnsupported: more than is kept.
  Status add(const Record& record);
  const GuestStory& story() const { return story_; }
  std::string digest();

 private:
  template <typename T>
  Result<T> decoded(const Record& record);
  template <typename T, typename Target>
  Status decode_into(const Record& record, Target& target);
  Status add_log(const Record& record);
  Status add_phase(const Record& record);
  Status add_taint(const Record& record);

  GuestStory story_;
  StreamDigest digest_;
  Bytes raw_ = 0, weight_ = 0;
};

}  // namespace ktstr
