// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic to be busy with.
#pragma once

#include <array>
#include <cstdint>

namespace ktstr {

// About as many instructions as WorkerRun::kSpinsPerUnit spins.
constexpr std::uint32_t kAluTurnsPerUnit = 256, kTouchesPerUnit = 256;

// Four chains that do not wait for each other.
inline void multiply(std::uint32_t turns) {
  std::array<std::uint64_t, 4> chain = {3, 5, 7, 9};
  for (std::uint32_t i = 0; i < turns; ++i)
    for (std::uint64_t& each : chain) {
      each *= 0x9e3779b97f4a7c15;
      asm volatile("" : "+r"(each));
    }
}

}  // namespace ktstr
