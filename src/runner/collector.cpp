// SPDX-License-Identifier: Apache-2.0
#include "runner/collector.h"

namespace ktstr {

namespace {

void cut(std::string& line) {
  if (line.size() <= Collector::kMostLine) return;
  line = line.substr(0, Collector::kMostLine) + "... (cut)";
}

}  // namespace

template <typename T>
Result<T> Collector::decoded(const Record& record) {
  Bytes weight = 0;
  KTSTR_TRY_ASSIGN(T value, decode<T>(record.payload, &weight));
  weight_ += weight;
  if (weight_ > kMostWeight)
    return fail(ErrorCode::kUnsupported,
                "the test reported more than is kept of one run, {} with what it takes to write it down",
                format_bytes(kMostWeight));
  return value;
}

template <typename T, typename Target>
Status Collector::decode_into(const Record& record, Target& target) {
  KTSTR_TRY_ASSIGN(target, decoded<T>(record));
  return ok();
}

Status Collector::add(const Record& record) {
  raw_ += kFrameHeaderBytes + record.payload.size();
  if (raw_ > kMostRaw)
    return fail(ErrorCode::kUnsupported, "the test sent more than {} of records", format_bytes(kMostRaw));
  digest_.add(record);
  switch (record.type) {
    case RecordType::kHello:
      return decode_into<HelloRecord>(record, story_.hello);
    case RecordType::kTopology:
      return decode_into<TestTopology>(record, story_.topology);
    case RecordType::kPhase:
      return add_phase(record);
    case RecordType::kQuantum:
      return decode_into<QuantumRecord>(record, story_.quantum);
    case RecordType::kScheduler: {
      KTSTR_TRY_ASSIGN(SchedulerRecord seen, decoded<SchedulerRecord>(record));
      return story_.schedulers.add(std::move(seen), record.time_ns, story_.tearing_down,
                                   {story_.scheduler_log.size(), story_.kernel_log.size()});
    }
    case RecordType::kLog:
      return add_log(record);
    case RecordType::kMark:
      return decode_into<StepMark>(record, story_.marks.emplace_back());
    case RecordType::kWorker:
      return decode_into<WorkerReport>(record, story_.workers.emplace_back());
    case RecordType::kOutput:
      return decode_into<OutputRecord>(record, story_.outputs.emplace_back());
    case RecordType::kMigrated:
      return decode_into<MigratedRecord>(record, story_.migrated);
    case RecordType::kStimulus:
      return decode_into<Stimulus>(record, story_.stimuli.emplace_back());
    case RecordType::kPayload:
      return decode_into<PayloadReport>(record, story_.payloads.emplace_back());
    case RecordType::kResult:
      return decode_into<ResultRecord>(record, story_.result);
    case RecordType::kBodyEnd:
      return decode_into<BodyEndRecord>(record, story_.body_end);
    case RecordType::kGuestError:
      return decode_into<GuestErrorRecord>(record, story_.errors.emplace_back());
    case RecordType::kTaint:
      return add_taint(record);
    case RecordType::kEnd:
      story_.ended = true;
      return ok();
    case RecordType::kTracing:
      return fail(ErrorCode::kCorruptData, "the guest traces its kernel, which nobody has asked it for");
  }
  return fail(ErrorCode::kCorruptData, "record of an unknown type {}", static_cast<int>(record.type));
}

Status Collector::add_taint(const Record& record) {
  KTSTR_TRY_ASSIGN(const TaintRecord taint, decoded<TaintRecord>(record));
  if (!story_.taint_at_start) story_.taint_at_start = taint.mask;
  story_.taint = taint.mask;
  return ok();
}

Status Collector::add_phase(const Record& record) {
  KTSTR_TRY_ASSIGN(const PhaseRecord phase, decoded<PhaseRecord>(record));
  if (phase.phase == Phase::kBody) story_.body_start_ns = record.time_ns;
  if (phase.phase == Phase::kTeardown) {
    story_.body_end_ns = record.time_ns;
    story_.tearing_down = true;
  }
  return ok();
}

Status Collector::add_log(const Record& record) {
  KTSTR_TRY_ASSIGN(LogRecord log, decoded<LogRecord>(record));
  cut(log.text);
  switch (log.stream) {
    case LogRecord::Stream::kScheduler:
      story_.scheduler_log.push_back(std::move(log.text));
      break;
    case LogRecord::Stream::kKernel:
      if (!story_.tearing_down) story_.kernel_log_in_test.push_back(log.text);
      story_.kernel_log.push_back(std::move(log.text));
      story_.kernel_log_ns.push_back(record.time_ns);
      break;
    case LogRecord::Stream::kBody:
      story_.body_log.push_back(std::move(log.text));
      break;
    case LogRecord::Stream::kAgent:
      story_.agent_log.push_back(std::move(log.text));
      break;
  }
  return ok();
}

std::string Collector::digest() { return digest_.finish(); }

}  // namespace ktstr
