// SPDX-License-Identifier: Apache-2.0
#include "wire/lane.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

namespace ktstr {

namespace {

constexpr std::uint32_t kFrameMagic = 0x4352544b;  // "KTRC"

std::size_t padded(std::size_t length) { return (length + 7) & ~std::size_t{7}; }

std::uint32_t crc_of(ByteSpan header_before_crc, ByteSpan payload) {
  auto crc = ::crc32_z(0, reinterpret_cast<const Bytef*>(header_before_crc.data()), header_before_crc.size());
  // zlib takes a null pointer as a request for the initial value, and an empty span may hold one.
  if (!payload.empty()) crc = ::crc32_z(crc, reinterpret_cast<const Bytef*>(payload.data()), payload.size());
  return static_cast<std::uint32_t>(crc);
}

ByteVector make_frame(RecordType type, std::uint32_t sequence, std::uint64_t time_ns, ByteSpan payload) {
  ByteWriter frame;
  frame.u32(kFrameMagic);
  frame.u16(static_cast<std::uint16_t>(type));
  frame.u16(0);
  frame.u32(static_cast<std::uint32_t>(payload.size()));
  frame.u32(sequence);
  frame.u64(time_ns);
  frame.u32(crc_of(frame.bytes(), payload));
  frame.u32(0);
  frame.raw(payload);
  ByteVector bytes = frame.take();
  bytes.resize(padded(bytes.size()));
  return bytes;
}

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

Result<std::vector<Record>> LaneReader::read() {
  const auto& block = view_.layout().lanes[static_cast<std::size_t>(lane_)];
  dropped_ = dropped();
  const std::uint64_t generation = mailbox::load(block.generation);
  const std::uint64_t committed = mailbox::load(block.committed);
  // The guest emptied the lane between our two looks, which it does only after we have read everything: next time.
  if (mailbox::load(block.generation) != generation) return std::vector<Record>();
  if (generation != generation_) {
    if (generation != generation_ + 1) return corrupt(lane_, consumed_, "the lane was emptied unread");
    generation_ = generation;
    consumed_ = 0;
  }
  // Between a ring's answer and the new generation the guest has taken `committed` back to 0.
  if (committed < consumed_) return std::vector<Record>();
  if (committed > mailbox::kLaneSize) return corrupt(lane_, committed, "it would lie beyond the lane");

  std::vector<Record> records;
  while (consumed_ < committed) {
    const std::uint64_t left = committed - consumed_;
    if (left < kFrameHeaderBytes) return corrupt(lane_, consumed_, "its header is cut off");
    // A copy first: the guest may change the bytes while we look.
    const ByteSpan in_place = view_.lane(lane_).subspan(consumed_, left);
    const ByteVector header(in_place.begin(), in_place.begin() + kFrameHeaderBytes);
    ByteReader reader(header);
    const std::uint32_t magic = reader.u32();
    const auto type = static_cast<RecordType>(reader.u16());
    reader.u16();
    const std::uint32_t length = reader.u32();
    const std::uint32_t sequence = reader.u32();
    const std::uint64_t time_ns = reader.u64();
    const std::uint32_t crc = reader.u32();
    if (magic != kFrameMagic) return corrupt(lane_, consumed_, "no frame starts there");
    if (length > kMaxPayloadBytes || padded(kFrameHeaderBytes + length) > left)
      return corrupt(lane_, consumed_, "its length is impossible");
    const ByteSpan payload_in_place = in_place.subspan(kFrameHeaderBytes, length);
    ByteVector payload(payload_in_place.begin(), payload_in_place.end());
    if (crc != crc_of(ByteSpan(header).first(24), payload)) return corrupt(lane_, consumed_, "checksum mismatch");
    if (sequence != sequence_) return corrupt(lane_, consumed_, "records are missing before it");
    ++sequence_;
    records.push_back({type, lane_, sequence, time_ns, std::move(payload)});
    consumed_ += padded(kFrameHeaderBytes + length);
  }
  return records;
}

}  // namespace ktstr
