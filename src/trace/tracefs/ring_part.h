// SPDX-License-Identifier: Apache-2.0
//
// A part of a CPU's ring as the kernel hands it out (trace_pipe_raw; include/linux/ring_buffer.h and
// kernel/trace/ring_buffer.c): the time of its begin, its length, then events, each with the time since the one before
// it. The bytes come from a guest: nothing in them leads out of them.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace ktstr {

struct RawTraceEvent {
  std::uint64_t time_ns = 0;
  ByteSpan data;
};

class RingPart {
 public:
  static constexpr std::size_t kHead = 16;
  // kCorruptData where it is shorter than it says.
  static Result<RingPart> over(ByteSpan bytes);

  std::uint64_t begin_ns() const { return time_ns_; }
  // How many events before it are lost; where the kernel says that there are some and not how many, 1.
  std::uint64_t missing() const { return missing_; }
  // Empty: that was the last. kCorruptData: what follows is no event.
  Result<std::optional<RawTraceEvent>> next();

 private:
  RingPart() = default;
  std::uint64_t time_ns_ = 0, missing_ = 0;
  ByteSpan left_;
};

}  // namespace ktstr
