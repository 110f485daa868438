// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ktstr/work.h"

namespace ktstr {

std::chrono::nanoseconds WorkerReport::time_awake() const {
  return std::chrono::nanoseconds(wall_time_ns - std::min(wall_time_ns, sleep_ns + held_ns));
}

double WorkerReport::off_cpu_pct() const {
  const auto awake = static_cast<std::uint64_t>(time_awake().count());
  if (awake == 0) return 0;
  return 100.0 * static_cast<double>(awake - std::min(awake, cpu_time_ns)) / static_cast<double>(awake);
}

}  // namespace ktstr
