// SPDX-License-Identifier: Apache-2.0
#include "ktstr/work.h"

namespace ktstr {

double WorkerReport::off_cpu_pct() const {
  const auto difference = [](std::uint64_t end, std::uint64_t start) { return end > start ? end - start : 0; };
  const std::uint64_t awake = difference(wall_time_ns, sleep_ns + held_ns);
  if (awake == 0) return 0;
  return 100.0 * static_cast<double>(difference(awake, cpu_time_ns)) / static_cast<double>(awake);
}

}  // namespace ktstr
