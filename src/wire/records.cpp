// SPDX-License-Identifier: Apache-2.0
#include "wire/records.h"

#include "ktstr/op.h"
#include "wire/record_fields.h"

namespace ktstr {

std::string_view to_string(RecordType type) {
  switch (type) {
    case RecordType::kHello:
      return "hello";
    case RecordType::kTopology:
      return "topology";
    case RecordType::kPhase:
      return "phase";
    case RecordType::kQuantum:
      return "quantum";
    case RecordType::kScheduler:
      return "scheduler";
    case RecordType::kLog:
      return "log";
    case RecordType::kMark:
      return "mark";
    case RecordType::kWorker:
      return "worker";
    case RecordType::kResult:
      return "result";
    case RecordType::kBodyEnd:
      return "body_end";
    case RecordType::kGuestError:
      return "guest_error";
    case RecordType::kEnd:
      return "end";
    case RecordType::kStimulus:
      return "stimulus";
    case RecordType::kPayload:
      return "payload";
    case RecordType::kTaint:
      return "taint";
    case RecordType::kOutput:
      return "output";
  }
  return "unknown";
}

// Each record names its fields once; Put writes them and Get reads them, in the same order.
namespace {

template <typename F, typename R>
void fields(F& f, R& r, HelloRecord*) {
  f(r.agent_version);
  f(r.kernel_release);
  f(r.kernel_version);
}

template <typename F, typename R>
void fields(F& f, R& r, TestTopology*) {
  f(r.cpus);
  f(r.llcs);
  f(r.nodes);
}

template <typename F, typename R>
void fields(F& f, R& r, PhaseRecord*) {
  f.limited(r.phase, Phase::kDone);
}

template <typename F, typename R>
void fields(F& f, R& r, QuantumRecord*) {
  f(r.quantum_ns);
}

template <typename F, typename R>
void fields(F& f, R& r, SchedulerRecord*) {
  f.limited(r.kind, SchedulerRecord::Kind::kNotDetached);
  f(r.pid);
  f(r.state);
  f(r.ops);
  f(r.exit);
  f(r.enable_seq);
}

template <typename F, typename R>
void fields(F& f, R& r, TaintRecord*) {
  f(r.mask);
}

template <typename F, typename R>
void fields(F& f, R& r, OutputRecord*) {
  f.limited(r.stream, LogRecord::Stream::kAgent);
  f(r.printed);
  f(r.dropped);
  f(r.test_printed);
  f(r.test_ns);
}

template <typename F, typename R>
void fields(F& f, R& r, LogRecord*) {
  f.limited(r.stream, LogRecord::Stream::kAgent);
  f(r.text);
}

template <typename F, typename R>
void fields(F& f, R& r, StepMark*) {
  f.limited(r.kind, StepMark::Kind::kScenarioEnd);
  f(r.step);
  f(r.at_ns);
  f(r.cgroups);
  f(r.workers);
  f(r.name);
}

template <typename F, typename R>
void fields(F& f, R& r, Stimulus*) {
  f(r.elapsed_ms);
  f(r.phase);
  f(r.ops);
  f.mask(r.op_kinds, Op::kKinds);
  f(r.cgroups);
  f(r.workers);
  f(r.iterations);
}

template <typename F, typename R>
void fields(F& f, R& r, PayloadReport*) {
  nested_fields(f, r);
}

template <typename F, typename R>
void fields(F& f, R& r, WorkerRecord*) {
  f(r.phase);
  f(r.report);
}

template <typename F, typename R>
void fields(F& f, R& r, ResultRecord*) {
  f(r.result.details);
  f(r.result.cgroups);
  f(r.result.payloads);
  f(r.result.captures);
  f(r.result.checked);
  f(r.result.skipped);
  f(r.error);
  f(r.error_hint);
  f.limited(r.code, ErrorCode::kInternal);
}

template <typename F, typename R>
void fields(F& f, R& r, BodyEndRecord*) {
  f(r.clean);
  f(r.timed_out);
  f(r.exit);
}

template <typename F, typename R>
void fields(F& f, R& r, GuestErrorRecord*) {
  f.limited(r.code, ErrorCode::kInternal);
  f(r.message);
  f(r.hint);
}

template <typename T>
ByteVector encode_fields(const T& record) {
  Put put;
  fields(put, record, static_cast<T*>(nullptr));
  return put.take();
}

template <typename T>
Result<T> decode_fields(ByteSpan payload, std::string_view what, Bytes* weight) {
  T record;
  Get get(payload);
  fields(get, record, static_cast<T*>(nullptr));
  if (weight != nullptr) *weight = sizeof(T) + get.weight();
  KTSTR_TRY(get.finish(what));
  return record;
}

}  // namespace

#define KTSTR_RECORD(type, name)                                          \
  ByteVector encode(const type& record) { return encode_fields(record); } \
  template <>                                                             \
  Result<type> decode<type>(ByteSpan payload, Bytes * weight) {           \
    return decode_fields<type>(payload, name, weight);                    \
  }

KTSTR_RECORD(HelloRecord, "hello record")
KTSTR_RECORD(TestTopology, "topology record")
KTSTR_RECORD(PhaseRecord, "phase record")
KTSTR_RECORD(QuantumRecord, "quantum record")
KTSTR_RECORD(SchedulerRecord, "scheduler record")
KTSTR_RECORD(TaintRecord, "taint record")
KTSTR_RECORD(OutputRecord, "output record")
KTSTR_RECORD(LogRecord, "log record")
KTSTR_RECORD(StepMark, "mark record")
KTSTR_RECORD(Stimulus, "stimulus record")
KTSTR_RECORD(WorkerRecord, "worker record")
KTSTR_RECORD(PayloadReport, "payload record")
KTSTR_RECORD(ResultRecord, "result record")
KTSTR_RECORD(BodyEndRecord, "body end record")
KTSTR_RECORD(GuestErrorRecord, "guest error record")

#undef KTSTR_RECORD

}  // namespace ktstr
