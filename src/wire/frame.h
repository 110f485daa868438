// SPDX-License-Identifier: Apache-2.0
//
// A record as bytes: what a lane of the mailbox and a record pipe hold, one frame after the other.
//
// A frame: magic u32, type u16, flags u16, length u32, sequence u32, time_ns u64, crc u32 over all of that and the
// payload, reserved u32; the payload; padding to 8 bytes.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "wire/mailbox.h"

namespace ktstr {

enum class RecordType : std::uint16_t;  // wire/records.h

struct Record {
  RecordType type;
  mailbox::Lane lane;
  std::uint32_t sequence;  // counts from 0 in each lane
  std::uint64_t time_ns;   // CLOCK_MONOTONIC of the machine that runs the test, when it was written
  ByteVector payload;
};

constexpr std::size_t kFrameHeaderBytes = 32;
constexpr std::size_t kMaxPayloadBytes = 1 << 20;

// With the header and the padding.
std::size_t frame_bytes(std::size_t payload_bytes);
ByteVector make_frame(RecordType type, std::uint32_t sequence, std::uint64_t time_ns, ByteSpan payload);

// Reads the frames of one writer in their order, of which it knows the next.
class FrameReader {
 public:
  explicit FrameReader(mailbox::Lane lane) : lane_(lane) {}
  // The frame at the start of `bytes`, which may change meanwhile. Empty: they are the beginning of one. kCorruptData
  // where they are not, where it is damaged, and where records are missing before it.
  Result<std::optional<Record>> next(ByteSpan bytes);

 private:
  mailbox::Lane lane_;
  std::uint32_t sequence_ = 0;
};

}  // namespace ktstr
