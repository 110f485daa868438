// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace ktstr {

enum class GuestEnd {
  kCompleted,  // the agent said it is done
  kKernelPanic,
  kKernelStall,   // lockup or RCU stall, and no end
  kOutOfMemory,   // the guest's memory
  kPhaseTimeout,  // a phase outlived its limit in guest time and the agent did not end it
  kHang,          // no sign of life within the host-time backstop
  kEarlyExit,     // QEMU ended before the agent was done
  kCorrupt,       // what the guest wrote does not check out
  kFlood,         // it printed more than is taken
  kTooMuchSaid,   // it sent more records than are kept
  kInterrupted,
  kPaused,  // stopped where GuestPause said, and ended there
};
std::string_view to_string(GuestEnd end);  // "completed", "kernel panic", "hang", ...

}  // namespace ktstr
