// SPDX-License-Identifier: Apache-2.0
//
// The scheduler's classes as events have them.
#pragma once

#include <cstdint>

namespace ktstr {

inline constexpr std::uint32_t kDeadlineClass = 1, kRealTimeClass = 2, kFairClass = 3, kExtClass = 4;

}  // namespace ktstr
