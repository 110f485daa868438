// SPDX-License-Identifier: Apache-2.0
#include "guest/variation.h"

#include "base/splitmix.h"

namespace ktstr::guest {

std::chrono::nanoseconds varied_quantum(std::chrono::nanoseconds nominal, std::uint64_t handover_seed) {
  // Not the number that the quantum's phase comes from.
  const std::uint64_t choice = splitmix64(handover_seed ^ name_hash("length"));
  const std::int64_t spread = nominal.count() / 5;
  return nominal + std::chrono::nanoseconds(pick_up_to(choice, 2 * static_cast<std::uint64_t>(spread))) -
         std::chrono::nanoseconds(spread);
}

std::chrono::nanoseconds start_offset(std::uint64_t offsets_seed) {
  return std::chrono::nanoseconds(pick_up_to(splitmix64(offsets_seed), 4'000'000));
}

}  // namespace ktstr::guest
