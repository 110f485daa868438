// SPDX-License-Identifier: Apache-2.0
#include "wire/lane.h"

#include <algorithm>
#include <cstring>

namespace ktstr {

namespace {

Error corrupt(mailbox::Lane lane, std::uint64_t at, std::string_view why) {
  return fail(ErrorCode::kCorruptData, "record at byte {} of lane {}: {}", at, static_cast<int>(lane), why);
}

}  // namespace

LaneWriter::LaneWriter(mailbox::View view, mailbox::Lane lane, Ring ring)
    : view_(view), lane_(lane), ring_(std::move(ring)) {}

void LaneWriter::append(RecordType type, std::uint64_t time_ns, ByteSpan payload) {
  auto& block = view_.layout().lanes[static_cast<std::size_t>(lane_)];
  if (payload.size() > kMaxPayloadBytes) {
    mailbox::store(block.dropped, mailbox::load(block.dropped) + 1);
    return;
  }
  const ByteVector frame = make_frame(type, sequence_++, time_ns, payload);
  if (used_ + frame.size() > mailbox::kLaneSize) {
    ring_(mailbox::BellReason::kLaneFull, lane_);
    used_ = 0;
    mailbox::store(block.committed, 0u);
    mailbox::store(block.generation, mailbox::load(block.generation) + 1);
  }
  std::memcpy(view_.lane(lane_).data() + used_, frame.data(), frame.size());
  used_ += frame.size();
  mailbox::store(block.committed, used_);
}

std::uint64_t LaneReader::dropped() const {
  return std::max(dropped_, mailbox::load(view_.layout().lanes[static_cast<std::size_t>(lane_)].dropped));
}

std::vector<Record> LaneReader::read() {
  std::vector<Record> records;
  if (sound_) sound_ = read_into(records);
  return records;
}

Status LaneReader::read_into(std::vector<Record>& records) {
  const auto& block = view_.layout().lanes[static_cast<std::size_t>(lane_)];
  dropped_ = dropped();
  const std::uint64_t generation = mailbox::load(block.generation);
  const std::uint64_t committed = mailbox::load(block.committed);
  // The guest emptied the lane between our two looks, which it does only after we have read everything: next time.
  if (mailbox::load(block.generation) != generation) return ok();
  if (generation != generation_) {
    if (generation != generation_ + 1) return corrupt(lane_, consumed_, "the lane was emptied unread");
    generation_ = generation;
    consumed_ = 0;
  }
  // Between a ring's answer and the new generation the guest has taken `committed` back to 0.
  if (committed < consumed_) return ok();
  if (committed > mailbox::kLaneSize) return corrupt(lane_, committed, "it would lie beyond the lane");

  while (consumed_ < committed) {
    const ByteSpan left = view_.lane(lane_).subspan(consumed_, committed - consumed_);
    auto record = frames_.next(left);
    if (!record) return corrupt(lane_, consumed_, record.error().message());
    if (!*record) return corrupt(lane_, consumed_, "it is cut off");
    consumed_ += frame_bytes((*record)->payload.size());
    records.push_back(**std::move(record));
  }
  return ok();
}

}  // namespace ktstr
