// SPDX-License-Identifier: Apache-2.0
#include "mutated.h"
#include "wire/field_codec.h"
#include "wire/records.h"

using namespace ktstr;

namespace {

// What is accepted can be written again, and its weight is bounded.
template <typename T>
void try_decode(ByteSpan payload) {
  Bytes weight = 0;
  const auto value = decode<T>(payload, &weight);
  if (!value) return;
  if (weight < sizeof(T) || weight > sizeof(T) + kMaxDecodedBytes) __builtin_trap();
  if (!decode<T>(encode(*value))) __builtin_trap();
}

std::vector<ByteVector> some_records() {
  WorkerReport worker;
  worker.cgroup = "cg_0", worker.step = worker.index = 1;
  worker.cpus_used = CpuSet::range(0, 3);
  worker.wake_latencies_ns = {1, 2, 3};
  ResultRecord result;
  result.result.details = {{.kind = DetailKind::kStuck, .message = "stuck", .measured = 1.0, .limit = 2.0}};
  result.result.checked = {{"gap: all", 1}};
  result.result.captures = {{"tag", "cg_0", 1, {1, 2}}};
  result.result.payloads = {{.name = "fio", .output_tail = "said"}};
  return {encode(worker), encode(result), encode(TestTopology::expected_for({2, 2, 2, 1})),
          encode(LogRecord{LogRecord::Stream::kKernel, "line"}), encode(SchedulerRecord{.state = "enabled"})};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<ByteVector> bases = some_records();
  const ByteVector payload = fuzz::mutated(bases, data, size);
  try_decode<HelloRecord>(payload);
  try_decode<TestTopology>(payload);
  try_decode<SchedulerRecord>(payload);
  try_decode<LogRecord>(payload);
  try_decode<OutputRecord>(payload);
  try_decode<TracingRecord>(payload);
  try_decode<StepMark>(payload);
  try_decode<Stimulus>(payload);
  try_decode<WorkerReport>(payload);
  try_decode<PayloadReport>(payload);
  try_decode<ResultRecord>(payload);
  try_decode<BodyEndRecord>(payload);
  try_decode<GuestErrorRecord>(payload);
  return 0;
}
