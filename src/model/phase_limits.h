// SPDX-License-Identifier: Apache-2.0
//
// How long each phase of a guest's life may take.
#pragma once

#include <chrono>

namespace ktstr {

struct PhaseLimits {
  // Guest time, from the phase's start.
  std::chrono::milliseconds attach{60000};  // a large BPF scheduler takes 20 s in the verifier of an emulated guest
  std::chrono::milliseconds dispatch{20000};
  std::chrono::milliseconds body{60000};
  std::chrono::milliseconds teardown{20000};
};

}  // namespace ktstr
