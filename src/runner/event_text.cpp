// SPDX-License-Identifier: Apache-2.0
#include "runner/event_text.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

#include "model/field_text.h"
#include "model/names.h"
#include "report/units.h"
#include "wire/records.h"

namespace ktstr {

namespace {

std::string text_of(const HelloRecord& r) {
  return fmt::format("agent {} on {} {}", r.agent_version, r.kernel_release, r.kernel_version);
}

std::string text_of(const TestTopology& r) {
  return fmt::format("{} CPUs, {} LLCs, {} NUMA nodes", r.cpus.size(), r.llcs.size(), r.nodes.size());
}

std::string text_of(const PhaseRecord& r) { return std::string(to_string(r.phase)); }

std::string text_of(const QuantumRecord& r) { return r.quantum_ns == 0 ? "none" : fmt::format("{} ns", r.quantum_ns); }

std::string text_of(const SchedulerRecord& r) {
  std::string text = fmt::format("{}, pid {}", to_string(r.kind), r.pid);
  if (!r.state.empty()) text += ", state " + r.state;
  if (!r.ops.empty()) text += ", ops " + r.ops;
  if (!r.exit.empty()) text += ", " + r.exit;
  if (r.life > 1) text += fmt::format(", scheduler {}", r.life);
  return text + fmt::format(", enable_seq {}", r.enable_seq);
}

std::string text_of(const LogRecord& r) { return fmt::format("{}| {}", to_string(r.stream), r.text); }

std::string text_of(const StepMark& r) {
  std::string text = what_happened(r);
  if (!r.name.empty()) text += " (" + r.name + ")";
  if (!r.fingerprint.empty()) text += " (" + r.fingerprint + ")";
  return text + fmt::format(" at {} ns, {} cgroups, {} workers", r.at_ns, r.cgroups, r.workers);
}

std::string text_of(const Stimulus& r) {
  return fmt::format("step {} at {} ms, {} ops ({}), {} cgroups, {} workers, {} iterations so far", r.step,
                     r.elapsed_ms, r.ops, fmt::join(r.op_kinds, " "), r.cgroups, r.workers, r.iterations);
}

// Lines would run into each other.
std::string in_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', '|');
  return text;
}

std::string place_of(const std::string& cgroup) { return cgroup.empty() ? "outside of the cgroups" : "of " + cgroup; }

std::string text_of(const PayloadReport& r) {
  std::string text = fmt::format("{} {} (step {}, pid {}): {}{}, code {}, wall {} ns", r.name, place_of(r.cgroup),
                                 r.step, r.pid, r.killed ? "stopped, " : "", r.exit, r.exit_code, r.wall_time_ns);
  for (const PayloadValue& metric : r.metrics)
    text += fmt::format("; {} {}{}{} ({})", metric.name, metric.value, metric.unit.empty() ? "" : " ", metric.unit,
                        to_string(metric.polarity));
  for (const std::string& missing : r.missing) text += "; missing " + missing;
  if (!r.output_tail.empty()) text += "; said " + in_one_line(r.output_tail);
  return text;
}

std::string text_of(const WorkerReport& r) {
  std::string text;
  for (const auto& [name, value] : field_texts(r))
    if (!value.empty()) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value);
  return text;
}

std::string text_of(const ResultRecord& r) {
  if (!r.error.empty()) return fmt::format("error ({}): {}", to_string(r.code), r.error);
  std::string text = fmt::format("{} checks", r.result.checked.size());
  if (r.result.skipped) text += ", skipped";
  for (const Detail& detail : r.result.details)
    text += fmt::format("; {} {}: {}", to_string(detail.verdict), to_string(detail.kind), detail.message);
  for (const ProcsCapture& capture : r.result.captures)
    text += fmt::format("; capture {} of {} (step {}): {}", capture.tag, capture.cgroup, capture.step,
                        fmt::join(capture.pids, " "));
  for (const PayloadReport& payload : r.result.payloads) text += "; payload " + text_of(payload);
  return text;
}

std::string text_of(const BodyEndRecord& r) {
  return fmt::format("{}{}{}", r.exit, r.clean ? ", clean" : "", r.timed_out ? ", out of time" : "");
}

std::string text_of(const GuestErrorRecord& r) { return fmt::format("{}: {}", to_string(r.code), r.message); }

std::string text_of(const TaintRecord& r) { return fmt::format("{:#x}", r.mask); }

std::string text_of(const MigratedRecord& r) { return fmt::format("{} pages between NUMA nodes", r.pages); }

std::string text_of(const OutputRecord& r) {
  return fmt::format("{}| {} printed, {} of them not kept; {} in {} ns of the test", to_string(r.stream), r.printed,
                     r.dropped, r.test_printed, r.test_ns);
}

template <typename T>
std::string decoded(const Record& record) {
  const auto value = decode<T>(record.payload);
  return value ? text_of(*value)
               : fmt::format("cannot be decoded ({} bytes): {}", record.payload.size(), value.error().message());
}

}  // namespace

std::string payload_text(const Record& record) {
  switch (record.type) {
    case RecordType::kHello:
      return decoded<HelloRecord>(record);
    case RecordType::kTopology:
      return decoded<TestTopology>(record);
    case RecordType::kPhase:
      return decoded<PhaseRecord>(record);
    case RecordType::kQuantum:
      return decoded<QuantumRecord>(record);
    case RecordType::kScheduler:
      return decoded<SchedulerRecord>(record);
    case RecordType::kLog:
      return decoded<LogRecord>(record);
    case RecordType::kMark:
      return decoded<StepMark>(record);
    case RecordType::kWorker:
      return decoded<WorkerReport>(record);
    case RecordType::kResult:
      return decoded<ResultRecord>(record);
    case RecordType::kBodyEnd:
      return decoded<BodyEndRecord>(record);
    case RecordType::kGuestError:
      return decoded<GuestErrorRecord>(record);
    case RecordType::kStimulus:
      return decoded<Stimulus>(record);
    case RecordType::kPayload:
      return decoded<PayloadReport>(record);
    case RecordType::kTaint:
      return decoded<TaintRecord>(record);
    case RecordType::kOutput:
      return decoded<OutputRecord>(record);
    case RecordType::kMigrated:
      return decoded<MigratedRecord>(record);
    case RecordType::kTracing:  // none is in an event file
    case RecordType::kEnd:
      return "";
  }
  return fmt::format("type {}, {} bytes", static_cast<unsigned>(record.type), record.payload.size());
}

std::string event_line(const Record& record) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  std::string line = fmt::format("{:>4}.{:09}  {:<5}  {}", record.time_ns / kSecond, record.time_ns % kSecond,
                                 record.lane == mailbox::Lane::kAgent ? "agent" : "body", to_string(record.type));
  const std::string text = payload_text(record);
  return printable(text.empty() ? line : line + ": " + text);
}

std::string event_text(std::vector<Record> records) {
  std::stable_sort(records.begin(), records.end(), [](const Record& a, const Record& b) {
    return std::tuple(a.time_ns, a.lane, a.sequence) < std::tuple(b.time_ns, b.lane, b.sequence);
  });
  std::string text;
  for (const Record& record : records) text += event_line(record) + "\n";
  return text;
}

}  // namespace ktstr
