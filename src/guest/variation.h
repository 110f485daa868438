// SPDX-License-Identifier: Apache-2.0
//
// What the agent varies with the seed: pure functions of it.
#pragma once

#include <chrono>
#include <cstdint>

namespace ktstr::guest {

// The quantum to use where `nominal` was asked for: 80 % to 120 % of it.
std::chrono::nanoseconds varied_quantum(std::chrono::nanoseconds nominal, std::uint64_t handover_seed);

// How long the body waits before its first op: 0 to 4 ms.
std::chrono::nanoseconds start_offset(std::uint64_t offsets_seed);

}  // namespace ktstr::guest
