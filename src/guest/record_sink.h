// SPDX-License-Identifier: Apache-2.0
//
// What a body says, as records: in a guest they go into its lane of the mailbox, on this machine into a pipe.
#pragma once

#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include "scenario/event_sink.h"
#include "wire/records.h"

namespace ktstr {

class RecordSink final : public EventSink {
 public:
  using Write = std::function<void(RecordType type, ByteSpan payload)>;
  explicit RecordSink(Write write) : write_(std::move(write)) {}
  void mark(const StepMark& mark) override { write_(RecordType::kMark, encode(mark)); }
  void stimulus(const Stimulus& stimulus) override { write_(RecordType::kStimulus, encode(stimulus)); }
  void worker(const WorkerReport& report) override { write_(RecordType::kWorker, encode(report)); }
  void payload(const PayloadReport& report) override;
  // Nothing where there are none: most machines have one node.
  void migrated(std::uint64_t pages);
  // The last record: what the body returned. A report that went out when its payload ended does not travel again with
  // it, because it has to fit in one record.
  void result(Result<AssertResult> result);

 private:
  using Key = std::tuple<std::string, std::string, int, int>;
  static Key key_of(const PayloadReport& report) { return {report.name, report.cgroup, report.step, report.pid}; }
  Write write_;
  std::vector<Key> sent_;
};

}  // namespace ktstr
