// SPDX-License-Identifier: Apache-2.0
//
// What the records say. One struct a record type; its fields are listed once, for encode and decode alike, in
// records.cpp or, where others need them too, in model/fields.h. To add a record: a value of RecordType and its text, a
// struct, its list of fields with a KTSTR_RECORD line, a line in records_test.cpp. A change of a layout is a change of
// mailbox::kVersion.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/enum_names.h"
#include "base/error.h"
#include "ktstr/checks.h"
#include "ktstr/payload.h"
#include "ktstr/topology.h"
#include "ktstr/work.h"
#include "model/events.h"
#include "wire/lane.h"
#include "wire/mailbox.h"

namespace ktstr {

enum class RecordType : std::uint16_t {
  kHello = 1,
  kTopology = 2,
  kPhase = 3,
  kQuantum = 4,
  kScheduler = 5,
  kLog = 6,
  kMark = 7,
  kWorker = 8,
  kResult = 9,
  kBodyEnd = 10,
  kGuestError = 11,
  kEnd = 12,
  kStimulus = 13,
  kPayload = 14,
  kTaint = 15,
  kOutput = 16,
  kTracing = 17,
  kMigrated = 18,
};
EnumNames<RecordType> names_of(RecordType);  // "hello", "body_end", ...

// What the kernel's own tracing says, where the run is traced so: as bytes of the kernel, which the host decodes.
struct TracingRecord {
  enum class Part : std::uint32_t {
    kFormat,  // name: of the event; data: its `format`, or that of "header_page"
    kAbsent,  // name: of an event that there is not; data: why
    kTask,    // that was there: numbers: pid, tgid, CPU, 1 where it may run now, cgroup, four words of its CPUs;
              // name: its comm
    kCgroup,  // numbers: of its directory and of the one above it; name
    kClass,   // numbers: what schedules ordinary tasks from now on, an Ordinary
    kPages,   // numbers: CPU; data: each a u32 with its length, then the bytes of a part of its ring
    kLost,    // numbers: CPU, events that its ring has lost in all
    kFull,    // there would be more than travels: the tracing has ended
  } part = Part::kFormat;
  enum Ordinary : std::uint64_t { kByTheKernel, kByBpf, kByEither };
  std::vector<std::uint64_t> numbers;
  std::string name, data;
};
EnumNames<TracingRecord::Part> names_of(TracingRecord::Part);
constexpr std::size_t kMostTracedBytes = std::size_t{128} << 20;  // of pages, in one run

// The agent is up.
struct HelloRecord {
  std::string agent_version;
  std::string kernel_release;
  std::string kernel_version;  // utsname.version
};

struct PhaseRecord {
  Phase phase = Phase::kBoot;
};

// The hand-over timer, as set and read back: the length that was used, not the one asked for. quantum_ns 0: none.
struct QuantumRecord {
  std::uint64_t quantum_ns = 0;
};

// What is seen of the scheduler under test.
struct SchedulerRecord {
  // kChecked: how things stand when the body has ended, before anything is torn down. kAsked: the same when an op asks
  // it to end. The last three are of such an end and of the teardown: after SIGTERM its process was runnable and was
  // not run, so that it was made a real-time task; SIGTERM was not enough, SIGKILL was; nothing was enough.
  enum class Kind : std::uint8_t {
    kStarted,
    kAttached,
    kNotAttached,
    kExited,
    kChecked,
    kAsked,
    kNotRun,
    kKilled,
    kNotDetached
  };
  Kind kind = Kind::kStarted;
  std::int32_t pid = 0;
  std::string state;  // /sys/kernel/sched_ext/state, "" where there is no such file
  std::string ops;    // /sys/kernel/sched_ext/root/ops
  std::string exit;   // kExited: how its process ended; of the teardown: what its process did, "state D in NAME"
  std::uint64_t enable_seq = 0;
  std::uint32_t life = 0;  // which one it is of those that the guest started, from 1
  std::string name;        // of one that an op started, as the op has it (Job::staged)
};
EnumNames<SchedulerRecord::Kind> names_of(SchedulerRecord::Kind);  // "started", "not attached", ...

struct LogRecord {
  enum class Stream : std::uint8_t { kScheduler, kKernel, kBody, kAgent };
  Stream stream = Stream::kAgent;
  std::string text;
};
EnumNames<LogRecord::Stream> names_of(LogRecord::Stream);  // "scheduler", "kernel", "body", "agent"

// /proc/sys/kernel/tainted: when the agent begins to read the kernel's log, and again at the end.
struct TaintRecord {
  std::uint64_t mask = 0;
};

// How much a program printed, or the kernel logged. Written at the end, where that was much or not all of it was kept.
struct OutputRecord {
  LogRecord::Stream stream = LogRecord::Stream::kAgent;
  std::uint64_t printed = 0;       // bytes; of the kernel's log, lines
  std::uint64_t dropped = 0;       // of them: not in any LogRecord
  std::uint64_t test_printed = 0;  // of them: while the body ran, which was
  std::uint64_t test_ns = 0;       // so long
};

// Pages that the kernel moved between NUMA nodes while the body ran, where there were such; before the result.
struct MigratedRecord {
  std::uint64_t pages = 0;
};

// What the body returned: an AssertResult, or the Error instead.
struct ResultRecord {
  AssertResult result;
  std::string error;                      // empty: none
  ErrorCode code = ErrorCode::kInternal;  // of the error
  std::string error_hint;
};

// A result above `limit` bytes (at least 64 KiB) would be dropped as a whole, and the verdict with it. This takes out
// of it, until it fits, what explains but does not decide: payloads' output, which leaves a note; then what the verdict
// or its reader may miss (captures, cgroups, payloads, all but the worst details), which is lost evidence.
void fit_into_record(ResultRecord& record, std::size_t limit = kMaxPayloadBytes);

// In BodyEndRecord::exit, before the threads of a body that was out of time which SIGKILL does not end.
constexpr std::string_view kCannotBeKilled = "; SIGKILL does not end ";

// The body's process is gone.
struct BodyEndRecord {
  bool clean = false;      // exit status 0
  bool timed_out = false;  // killed by the agent because its limit was over
  std::string exit;
};

// The guest could not do its part. `code` is an ErrorCode.
struct GuestErrorRecord {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  std::string hint;
};

ByteVector encode(const TracingRecord& record);
ByteVector encode(const HelloRecord& record);
ByteVector encode(const TestTopology& record);
ByteVector encode(const PhaseRecord& record);
ByteVector encode(const QuantumRecord& record);
ByteVector encode(const SchedulerRecord& record);
ByteVector encode(const TaintRecord& record);
ByteVector encode(const OutputRecord& record);
ByteVector encode(const MigratedRecord& record);
ByteVector encode(const LogRecord& record);
ByteVector encode(const StepMark& record);
ByteVector encode(const Stimulus& record);
ByteVector encode(const WorkerReport& record);
ByteVector encode(const PayloadReport& record);
ByteVector encode(const ResultRecord& record);
ByteVector encode(const BodyEndRecord& record);
ByteVector encode(const GuestErrorRecord& record);

// decode<HelloRecord>(payload): kCorruptData on anything that encode() cannot have written, and on what would take more
// than kMaxDecodedBytes. `weight`: what the record takes while a run is kept, see Get::weight().
template <typename T>
Result<T> decode(ByteSpan payload, Bytes* weight = nullptr);

}  // namespace ktstr
