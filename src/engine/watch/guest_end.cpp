// SPDX-License-Identifier: Apache-2.0
#include "engine/watch/guest_end.h"

namespace ktstr {

std::string_view to_string(GuestEnd end) {
  switch (end) {
    case GuestEnd::kCompleted:
      return "completed";
    case GuestEnd::kKernelPanic:
      return "kernel panic";
    case GuestEnd::kKernelStall:
      return "kernel stall";
    case GuestEnd::kOutOfMemory:
      return "out of memory";
    case GuestEnd::kPhaseTimeout:
      return "phase timeout";
    case GuestEnd::kHang:
      return "hang";
    case GuestEnd::kEarlyExit:
      return "early exit";
    case GuestEnd::kCorrupt:
      return "corrupt";
    case GuestEnd::kFlood:
      return "output flood";
    case GuestEnd::kTooMuchSaid:
      return "too many records";
    case GuestEnd::kPaused:
      return "paused";
    case GuestEnd::kInterrupted:
      return "interrupted";
  }
  return "unknown";
}

}  // namespace ktstr
