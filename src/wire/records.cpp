// SPDX-License-Identifier: Apache-2.0
#include "wire/records.h"

#include "model/names.h"
#include "wire/field_codec.h"

namespace ktstr {

namespace {

constexpr EnumName<RecordType> kTypes[] = {
    {RecordType::kHello, "hello"},       {RecordType::kTopology, "topology"},      {RecordType::kPhase, "phase"},
    {RecordType::kQuantum, "quantum"},   {RecordType::kScheduler, "scheduler"},    {RecordType::kLog, "log"},
    {RecordType::kMark, "mark"},         {RecordType::kWorker, "worker"},          {RecordType::kResult, "result"},
    {RecordType::kBodyEnd, "body_end"},  {RecordType::kGuestError, "guest_error"}, {RecordType::kEnd, "end"},
    {RecordType::kStimulus, "stimulus"}, {RecordType::kPayload, "payload"},        {RecordType::kTaint, "taint"},
    {RecordType::kOutput, "output"},     {RecordType::kTracing, "tracing"},        {RecordType::kMigrated, "migrated"},
};

using Part = TracingRecord::Part;
constexpr EnumName<Part> kParts[] = {{Part::kFormat, "format"}, {Part::kAbsent, "absent"}, {Part::kTask, "task"},
                                     {Part::kCgroup, "cgroup"}, {Part::kClass, "class"},   {Part::kPages, "pages"},
                                     {Part::kLost, "lost"},     {Part::kFull, "full"}};

using Kind = SchedulerRecord::Kind;
constexpr EnumName<Kind> kSchedulerKinds[] = {
    {Kind::kStarted, "started"}, {Kind::kAttached, "attached"}, {Kind::kNotAttached, "not attached"},
    {Kind::kExited, "exited"},   {Kind::kChecked, "checked"},   {Kind::kAsked, "asked to end"},
    {Kind::kNotRun, "not run"},  {Kind::kKilled, "killed"},     {Kind::kNotDetached, "not detached"}};

using Stream = LogRecord::Stream;
constexpr EnumName<Stream> kStreams[] = {
    {Stream::kScheduler, "scheduler"}, {Stream::kKernel, "kernel"}, {Stream::kBody, "body"}, {Stream::kAgent, "agent"}};

// What travels as nothing but a record has its fields here; the others' are in model/fields.h.
template <typename V, FieldsOf<TracingRecord> T>
void fields(V& v, T& t) {
  v("part", t.part);
  v("numbers", t.numbers);
  v("name", t.name);
  v("data", t.data);
}

template <typename V, FieldsOf<HelloRecord> T>
void fields(V& v, T& t) {
  v("agent_version", t.agent_version);
  v("kernel_release", t.kernel_release);
  v("kernel_version", t.kernel_version);
}

template <typename V, FieldsOf<PhaseRecord> T>
void fields(V& v, T& t) {
  v("phase", t.phase);
}

template <typename V, FieldsOf<QuantumRecord> T>
void fields(V& v, T& t) {
  v("quantum_ns", t.quantum_ns);
}

template <typename V, FieldsOf<SchedulerRecord> T>
void fields(V& v, T& t) {
  v("kind", t.kind);
  v("pid", t.pid);
  v("state", t.state);
  v("ops", t.ops);
  v("exit", t.exit);
  v("enable_seq", t.enable_seq);
  v("life", t.life);
  v("name", t.name);
}

template <typename V, FieldsOf<TaintRecord> T>
void fields(V& v, T& t) {
  v("mask", t.mask);
}

template <typename V, FieldsOf<OutputRecord> T>
void fields(V& v, T& t) {
  v("stream", t.stream);
  v("printed", t.printed);
  v("dropped", t.dropped);
  v("test_printed", t.test_printed);
  v("test_ns", t.test_ns);
}

template <typename V, FieldsOf<MigratedRecord> T>
void fields(V& v, T& t) {
  v("pages", t.pages);
}

template <typename V, FieldsOf<LogRecord> T>
void fields(V& v, T& t) {
  v("stream", t.stream);
  v("text", t.text);
}

template <typename V, FieldsOf<ResultRecord> T>
void fields(V& v, T& t) {
  v("result", t.result);
  v("error", t.error);
  v("error_hint", t.error_hint);
  v("code", t.code);
}

template <typename V, FieldsOf<BodyEndRecord> T>
void fields(V& v, T& t) {
  v("clean", t.clean);
  v("timed_out", t.timed_out);
  v("exit", t.exit);
}

template <typename V, FieldsOf<GuestErrorRecord> T>
void fields(V& v, T& t) {
  v("code", t.code);
  v("message", t.message);
  v("hint", t.hint);
}

template <typename T>
ByteVector encode_fields(const T& record) {
  Put put;
  fields(put, record);
  return put.take();
}

template <typename T>
Result<T> decode_fields(ByteSpan payload, std::string_view what, Bytes* weight) {
  T record;
  Get get(payload);
  fields(get, record);
  if (weight != nullptr) *weight = sizeof(T) + get.weight();
  KTSTR_TRY(get.finish(what));
  return record;
}

}  // namespace

EnumNames<RecordType> names_of(RecordType) { return names_from<kTypes>(); }
EnumNames<TracingRecord::Part> names_of(TracingRecord::Part) { return names_from<kParts>(); }
EnumNames<SchedulerRecord::Kind> names_of(SchedulerRecord::Kind) { return names_from<kSchedulerKinds>(); }
EnumNames<LogRecord::Stream> names_of(LogRecord::Stream) { return names_from<kStreams>(); }

#define KTSTR_RECORD(type, name)                                          \
  ByteVector encode(const type& record) { return encode_fields(record); } \
  template <>                                                             \
  Result<type> decode<type>(ByteSpan payload, Bytes * weight) {           \
    return decode_fields<type>(payload, name, weight);                    \
  }

KTSTR_RECORD(TracingRecord, "tracing record")
KTSTR_RECORD(HelloRecord, "hello record")
KTSTR_RECORD(TestTopology, "topology record")
KTSTR_RECORD(PhaseRecord, "phase record")
KTSTR_RECORD(QuantumRecord, "quantum record")
KTSTR_RECORD(SchedulerRecord, "scheduler record")
KTSTR_RECORD(TaintRecord, "taint record")
KTSTR_RECORD(OutputRecord, "output record")
KTSTR_RECORD(MigratedRecord, "migrated record")
KTSTR_RECORD(LogRecord, "log record")
KTSTR_RECORD(StepMark, "mark record")
KTSTR_RECORD(Stimulus, "stimulus record")
KTSTR_RECORD(WorkerReport, "worker record")
KTSTR_RECORD(PayloadReport, "payload record")
KTSTR_RECORD(ResultRecord, "result record")
KTSTR_RECORD(BodyEndRecord, "body end record")
KTSTR_RECORD(GuestErrorRecord, "guest error record")

#undef KTSTR_RECORD

}  // namespace ktstr
