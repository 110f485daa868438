// SPDX-License-Identifier: Apache-2.0
#include "trace/tracefs/ring_part.h"

namespace ktstr {

namespace {

// The second word of a part: its length, and flags for events that are missing before it.
constexpr std::uint64_t kLengthMask = (std::uint64_t{1} << 20) - 1;
constexpr std::uint64_t kMissing = std::uint64_t{1} << 31, kMissingIsStored = std::uint64_t{1} << 30;

// The first word of an event has 5 bits of type or length, and 27 of time.
constexpr std::uint32_t kTypeMask = 31, kPadding = 29, kTimeExtend = 30, kTimeStamp = 31;
constexpr unsigned kTypeBits = 5, kTimeBits = 27;

// In a word of its own, which it counts.
Result<std::uint32_t> own_length(ByteReader& in) {
  const std::uint32_t length = in.u32();
  if (length < 4) return fail(ErrorCode::kCorruptData, "an event in a ring has no length");
  return length - 4;
}

}  // namespace

Result<RingPart> RingPart::over(ByteSpan bytes) {
  ByteReader in(bytes);
  RingPart part;
  part.time_ns_ = in.u64();
  const std::uint64_t word = in.u64();
  const std::uint64_t length = word & kLengthMask;
  part.left_ = in.raw(length);
  if (in.failed())
    return fail(ErrorCode::kCorruptData, "a part of a ring has {} bytes, and says that it has {}", bytes.size(),
                kHead + length);
  if ((word & kMissing) == 0) return part;
  part.missing_ = (word & kMissingIsStored) != 0 ? in.u64() : 0;
  if (part.missing_ == 0) part.missing_ = 1;
  return part;
}

Result<std::optional<RawTraceEvent>> RingPart::next() {
  while (!left_.empty()) {
    ByteReader in(left_);
    const std::uint32_t head = in.u32();
    const std::uint32_t type = head & kTypeMask;
    const std::uint64_t delta = head >> kTypeBits;
    RawTraceEvent event;
    if (type == kPadding) {
      if (delta == 0) break;  // up to the end of the part
      KTSTR_TRY_ASSIGN(const std::uint32_t length, own_length(in));
      in.raw(length);
    } else if (type == kTimeExtend) {
      time_ns_ += delta + (std::uint64_t{in.u32()} << kTimeBits);
    } else if (type == kTimeStamp) {
      time_ns_ = delta + (std::uint64_t{in.u32()} << kTimeBits);
    } else {
      std::uint32_t length = type * 4;
      if (type == 0) {
        KTSTR_TRY_ASSIGN(length, own_length(in));
      }
      time_ns_ += delta;
      event = {time_ns_, in.raw(length)};
    }
    if (in.failed()) return fail(ErrorCode::kCorruptData, "an event in a ring goes beyond its part");
    left_ = left_.subspan(left_.size() - in.remaining());
    if (!event.data.empty()) return std::optional(event);
  }
  left_ = {};
  return std::optional<RawTraceEvent>();
}

}  // namespace ktstr
