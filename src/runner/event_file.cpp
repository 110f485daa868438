// SPDX-License-Identifier: Apache-2.0
#include "runner/event_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

// A log's text without its stream, and of a worker's many latencies the first ones.
std::string describe_payload(const Record& record) {
  constexpr std::size_t kMost = 600;
  if (record.type == RecordType::kLog)
    if (const auto log = decode<LogRecord>(record.payload)) return log->text;
  std::string text = payload_text(record);
  if (record.type == RecordType::kWorker && text.size() > kMost) text.replace(kMost, std::string::npos, "...");
  return text;
}

void put_record(ByteWriter& out, const Record& record) {
  out.u8(static_cast<std::uint8_t>(record.lane));
  out.raw(identity_of(record));
}

// The count of a file whose writer did not come to its end.
constexpr std::uint32_t kUnfinished = UINT32_MAX;
constexpr std::size_t kBufferBytes = 64 << 10;

// One lane's records, one after the other.
class LaneOf {
 public:
  LaneOf(ByteSpan file, mailbox::Lane lane) : reader_(file), lane_(lane) {}
  Result<std::optional<Record>> next() {
    for (;;) {
      KTSTR_TRY_ASSIGN(std::optional<Record> record, reader_.next());
      if (!record || record->lane == lane_) return record;
    }
  }

 private:
  EventReader reader_;
  mailbox::Lane lane_;
};

Result<std::optional<std::string>> first_difference_of(ByteSpan a, ByteSpan b) {
  const auto shown = [](const std::optional<Record>& record) {
    return record ? describe(*record) : std::string("(nothing more)");
  };
  for (const auto lane : {mailbox::Lane::kAgent, mailbox::Lane::kBody}) {
    LaneOf left_lane(a, lane), right_lane(b, lane);
    for (;;) {
      KTSTR_TRY_ASSIGN(const std::optional<Record> left, left_lane.next());
      KTSTR_TRY_ASSIGN(const std::optional<Record> right, right_lane.next());
      if (!left && !right) break;
      if (left && right && identity_of(*left) == identity_of(*right)) continue;
      return std::optional(shown(left) + "\n  against\n  " + shown(right));
    }
  }
  return std::optional<std::string>();
}

// Empty for an empty file, which cannot be mapped.
Result<Mapping> map_file(const fs::path& path) {
  KTSTR_TRY_ASSIGN(const Fd fd, open_file(path, O_RDONLY));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_errno("cannot stat {}", path.string());
  if (info.st_size == 0) return Mapping();
  return Mapping::map(fd, 0, static_cast<Bytes>(info.st_size), false);
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

Result<EventWriter> EventWriter::create(const fs::path& path) {
  KTSTR_TRY_ASSIGN(Fd fd, open_file(path, O_WRONLY | O_CREAT | O_TRUNC));
  EventWriter writer(std::move(fd));
  writer.buffer_.u32(kUnfinished);
  return writer;
}

void EventWriter::flush() {
  const ByteVector bytes = buffer_.take();
  buffer_ = ByteWriter();
  if (written_) written_ = write_all(fd_.get(), bytes);
}

void EventWriter::add(const Record& record) {
  if (!written_) return;
  put_record(buffer_, record);
  ++count_;
  if (buffer_.bytes().size() >= kBufferBytes) flush();
}

Status EventWriter::finish() {
  flush();
  ByteWriter head;
  head.u32(count_);
  if (written_ && ::pwrite(fd_.get(), head.bytes().data(), head.bytes().size(), 0) != 4)
    written_ = fail_errno("cannot write the number of events");
  return written_ ? ok() : Status(Error(written_.error()).context("the events of this run are not all kept"));
}

EventReader::EventReader(ByteSpan bytes) : in_(bytes), left_(in_.u32()), unfinished_(left_ == kUnfinished) {}

Result<std::optional<Record>> EventReader::next() {
  if (left_ == 0 || (unfinished_ && in_.remaining() == 0)) {
    KTSTR_TRY(in_.finish("event file"));
    return std::optional<Record>();
  }
  if (!unfinished_) --left_;
  Record record{};
  const std::uint8_t lane = in_.u8();
  if (lane >= mailbox::kLaneCount) return fail(ErrorCode::kCorruptData, "event file: no lane {}", lane);
  record.lane = static_cast<mailbox::Lane>(lane);
  record.type = static_cast<RecordType>(in_.u16());
  record.sequence = in_.u32();
  record.time_ns = in_.u64();
  const ByteSpan payload = in_.raw(in_.u32());
  record.payload.assign(payload.begin(), payload.end());
  if (!in_.failed()) return std::optional(std::move(record));
  if (unfinished_) {
    // Its writer was killed in the middle of a record.
    left_ = 0;
    unfinished_ = false;
    in_ = ByteReader({});
    return std::optional<Record>();
  }
  return fail(ErrorCode::kCorruptData, "event file ends too early or holds an impossible length");
}

ByteVector pack_events(const std::vector<Record>& records) {
  ByteWriter out;
  out.u32(static_cast<std::uint32_t>(records.size()));
  for (const Record& record : records) put_record(out, record);
  return out.take();
}

Result<std::vector<Record>> unpack_events(ByteSpan bytes) {
  std::vector<Record> records;
  EventReader reader(bytes);
  for (;;) {
    KTSTR_TRY_ASSIGN(std::optional<Record> record, reader.next());
    if (!record) return records;
    records.push_back(*std::move(record));
  }
}

std::string describe(const Record& record) {
  return fmt::format("{} lane, record {} ({}) at {:.9f} s: {}", record.lane == mailbox::Lane::kAgent ? "agent" : "body",
                     record.sequence, to_string(record.type), static_cast<double>(record.time_ns) / 1e9,
                     describe_payload(record));
}

std::optional<std::string> first_difference(const std::vector<Record>& a, const std::vector<Record>& b) {
  return *first_difference_of(pack_events(a), pack_events(b));  // what was just packed can be read
}

Result<std::optional<std::string>> first_difference(const fs::path& a, const fs::path& b) {
  KTSTR_TRY_ASSIGN(const Mapping left, map_file(a));
  KTSTR_TRY_ASSIGN(const Mapping right, map_file(b));
  return first_difference_of(left.bytes(), right.bytes());
}

}  // namespace ktstr
