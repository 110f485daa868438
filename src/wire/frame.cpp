// SPDX-License-Identifier: Apache-2.0
#include "wire/frame.h"

#include <zlib.h>

namespace ktstr {

namespace {

constexpr std::uint32_t kFrameMagic = 0x4352544b;  // "KTRC"

std::uint32_t crc_of(ByteSpan header_before_crc, ByteSpan payload) {
  auto crc = ::crc32_z(0, reinterpret_cast<const Bytef*>(header_before_crc.data()), header_before_crc.size());
  // zlib takes a null pointer as a request for the initial value, and an empty span may hold one.
  if (!payload.empty()) crc = ::crc32_z(crc, reinterpret_cast<const Bytef*>(payload.data()), payload.size());
  return static_cast<std::uint32_t>(crc);
}

}  // namespace

std::size_t frame_bytes(std::size_t payload_bytes) { return (kFrameHeaderBytes + payload_bytes + 7) & ~std::size_t{7}; }

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
  bytes.resize(frame_bytes(payload.size()));
  return bytes;
}

Result<std::optional<Record>> FrameReader::next(ByteSpan bytes) {
  if (bytes.size() < kFrameHeaderBytes) return std::optional<Record>();
  // A copy first: the writer may change the bytes while we look.
  const ByteVector header(bytes.begin(), bytes.begin() + kFrameHeaderBytes);
  ByteReader reader(header);
  const std::uint32_t magic = reader.u32();
  const auto type = static_cast<RecordType>(reader.u16());
  reader.u16();
  const std::uint32_t length = reader.u32();
  const std::uint32_t sequence = reader.u32();
  const std::uint64_t time_ns = reader.u64();
  const std::uint32_t crc = reader.u32();
  if (magic != kFrameMagic) return fail(ErrorCode::kCorruptData, "no frame starts there");
  if (length > kMaxPayloadBytes) return fail(ErrorCode::kCorruptData, "its length is impossible");
  if (frame_bytes(length) > bytes.size()) return std::optional<Record>();
  const ByteSpan in_place = bytes.subspan(kFrameHeaderBytes, length);
  ByteVector payload(in_place.begin(), in_place.end());
  if (crc != crc_of(ByteSpan(header).first(24), payload)) return fail(ErrorCode::kCorruptData, "checksum mismatch");
  if (sequence != sequence_) return fail(ErrorCode::kCorruptData, "records are missing before it");
  ++sequence_;
  return std::optional(Record{type, lane_, sequence, time_ns, std::move(payload)});
}

}  // namespace ktstr
