// SPDX-License-Identifier: Apache-2.0
#include "mutated.h"
#include "runner/event_text.h"
#include "runner/judge/classify.h"

using namespace ktstr;

namespace {

template <typename T>
Record record_of(RecordType type, std::uint32_t sequence, const T& value) {
  return {type, mailbox::Lane::kAgent, sequence, sequence, encode(value)};
}

ByteVector some_run() {
  SchedulerRecord attached{
      .kind = SchedulerRecord::Kind::kAttached, .state = "enabled", .ops = "x", .enable_seq = 1, .life = 1};
  SchedulerRecord checked = attached;
  checked.kind = SchedulerRecord::Kind::kChecked;
  WorkerReport worker;
  worker.wake_latencies_ns = {1, 2, 3};
  return pack_events({record_of(RecordType::kHello, 0, HelloRecord{"1", "7.3", "#1"}),
                      record_of(RecordType::kScheduler, 1, attached),
                      record_of(RecordType::kLog, 2, LogRecord{LogRecord::Stream::kKernel, "sched_ext: enabled"}),
                      record_of(RecordType::kWorker, 3, worker),
                      record_of(RecordType::kOutput, 4, OutputRecord{.printed = 5, .dropped = 1}),
                      record_of(RecordType::kResult, 5, ResultRecord{}),
                      record_of(RecordType::kBodyEnd, 6, BodyEndRecord{.clean = true}),
                      record_of(RecordType::kScheduler, 7, checked),
                      {RecordType::kEnd, mailbox::Lane::kAgent, 8, 8, {}}});
}

}  // namespace

// An event file, from its bytes to a verdict.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<ByteVector> bases{some_run()};
  const ByteVector bytes = fuzz::mutated(bases, data, size);
  EventReader reader(bytes);
  Collector collector;
  std::size_t seen = 0;
  for (;;) {
    const auto record = reader.next();
    if (!record || !*record) break;
    seen += event_line(**record).size();
    if (!collector.add(**record)) break;
  }
  seen += collector.digest().size();
  RunRecord record;
  classify({.settings = {.test = "t"}, .scheduler = "x"}, collector.story(), {}, record);
  if (!collector.story().ended && record.outcome == Outcome::kPass) __builtin_trap();
  return seen == SIZE_MAX ? -1 : 0;
}
