// SPDX-License-Identifier: Apache-2.0
#include "runner/event_file.h"

#include <algorithm>

#include "runner/event_text.h"

namespace ktstr {

namespace {

ByteVector identity_of(const Record& record) {
  ByteWriter out;
  out.u16(static_cast<std::uint16_t>(record.type));
  out.u32(record.sequence);
  out.u64(record.time_ns);
  out.u32(static_cast<std::uint32_t>(record.payload.size()));
  out.raw(record.payload);
  return out.take();
}

std::string describe_payload(const Record& record) {
  switch (record.type) {
    case RecordType::kLog:
      if (const auto log = decode<LogRecord>(record.payload)) return log->text;
      break;
    case RecordType::kWorker:
      if (const auto worker = decode<WorkerRecord>(record.payload)) {
        const WorkerReport& report = worker->report;
        return fmt::format("worker {} of {}: {} iterations, cpu {} ns, wall {} ns, gap {} ns, {} migrations, CPUs {}",
                           report.index, report.cgroup, report.iterations, report.cpu_time_ns, report.wall_time_ns,
                           report.max_gap_ns, report.migrations, report.cpus_used.to_string());
      }
      break;
    default:
      break;
  }
  return payload_text(record);
}

std::vector<const Record*> of_lane(const std::vector<Record>& records, mailbox::Lane lane) {
  std::vector<const Record*> out;
  for (const Record& record : records)
    if (record.lane == lane) out.push_back(&record);
  return out;
}

}  // namespace

void StreamDigest::add(const Record& record) {
  lanes_.at(static_cast<std::size_t>(record.lane)).update(identity_of(record));
}

std::string StreamDigest::finish() {
  Sha256 whole;
  for (Sha256& lane : lanes_) whole.update(as_byte_span(lane.finish()));
  return whole.finish();
}

ByteVector pack_events(const std::vector<Record>& records) {
  ByteWriter out;
  out.u32(static_cast<std::uint32_t>(records.size()));
  for (const Record& record : records) {
    out.u8(static_cast<std::uint8_t>(record.lane));
    out.raw(identity_of(record));
  }
  return out.take();
}

Result<std::vector<Record>> unpack_events(ByteSpan bytes) {
  ByteReader in(bytes);
  std::vector<Record> records(in.count(19));
  for (Record& record : records) {
    const std::uint8_t lane = in.u8();
    if (lane >= mailbox::kLaneCount) return fail(ErrorCode::kCorruptData, "event file: no lane {}", lane);
    record.lane = static_cast<mailbox::Lane>(lane);
    record.type = static_cast<RecordType>(in.u16());
    record.sequence = in.u32();
    record.time_ns = in.u64();
    const ByteSpan payload = in.raw(in.u32());
    record.payload.assign(payload.begin(), payload.end());
  }
  KTSTR_TRY(in.finish("event file"));
  return records;
}

std::string describe(const Record& record) {
  return fmt::format("{} lane, record {} ({}) at {:.9f} s: {}",
                     record.lane == mailbox::Lane::kAgent ? "agent" : "body", record.sequence, to_string(record.type),
                     static_cast<double>(record.time_ns) / 1e9, describe_payload(record));
}

std::optional<std::string> first_difference(const std::vector<Record>& a, const std::vector<Record>& b) {
  for (const auto lane : {mailbox::Lane::kAgent, mailbox::Lane::kBody}) {
    const auto left = of_lane(a, lane), right = of_lane(b, lane);
    for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
      const bool both = i < left.size() && i < right.size();
      if (both && identity_of(*left[i]) == identity_of(*right[i])) continue;
      return fmt::format("{}\n  against\n  {}", i < left.size() ? describe(*left[i]) : "(nothing more)",
                         i < right.size() ? describe(*right[i]) : "(nothing more)");
    }
  }
  return std::nullopt;
}

}  // namespace ktstr
