// SPDX-License-Identifier: GPL-2.0-or-later
//
// How an instruction of x86-64 leaves the function that it is in, if it does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "probe_page.h"

namespace ktstr::control {

struct Leaving {
  enum How : std::uint8_t {
    kNot,
    kReturn,
    kJump,  // to `target`, in the same function or not; kSomewhere: not known
  };
  How how = kNot;
  std::uint64_t target = 0;
};

// Jumps that depend on a condition stay, as far as is known here, and so does everything that comes back, a call or a
// system call. A jump to one of `thunks` is a return: a kernel has them in their place, and may patch them.
inline Leaving leaving(const unsigned char* instruction, std::size_t bytes, std::uint64_t address,
                       const std::uint64_t* thunks, std::size_t count) {
  constexpr unsigned char kNear = 0xe9, kShort = 0xeb, kIndirect = 0xff;
  std::size_t at = 0;
  const auto is_prefix = [](unsigned char byte) {
    return byte == 0x2e || byte == 0x3e || byte == 0x66 || byte == 0xf2 || byte == 0xf3 || (byte & 0xf0) == 0x40;
  };
  while (at < bytes && is_prefix(instruction[at])) ++at;
  if (at == bytes) return {};
  const unsigned char code = instruction[at++];
  if (code == 0xc3 || code == 0xc2) return {Leaving::kReturn, 0};
  if (code == kIndirect && at < bytes && (instruction[at] >> 3 & 7) == 4) return {Leaving::kJump, kSomewhere};
  std::uint64_t target = address + bytes;
  if (code == kShort && bytes - at == 1) {
    target += static_cast<std::uint64_t>(std::int64_t{static_cast<std::int8_t>(instruction[at])});
  } else if (code == kNear && bytes - at == 4) {
    std::int32_t distance = 0;
    std::memcpy(&distance, instruction + at, sizeof distance);
    target += static_cast<std::uint64_t>(std::int64_t{distance});
  } else {
    return {};
  }
  for (std::size_t i = 0; i < count; ++i)
    if (thunks[i] == target) return {Leaving::kReturn, 0};
  return {Leaving::kJump, target};
}

}  // namespace ktstr::control
