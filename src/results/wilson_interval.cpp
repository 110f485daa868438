// SPDX-License-Identifier: Apache-2.0
#include "results/wilson_interval.h"

#include <algorithm>
#include <cmath>

namespace ktstr {

Interval wilson_interval(std::uint64_t hits, std::uint64_t trials) {
  if (trials == 0) return {};
  constexpr double kZ = 1.959963984540054;  // 97.5% of a normal distribution lie below
  constexpr double kZSquared = kZ * kZ;
  const auto n = static_cast<double>(trials);
  const double rate = static_cast<double>(hits) / n;
  const double center = rate + kZSquared / (2 * n);
  const double spread = kZ * std::sqrt(rate * (1 - rate) / n + kZSquared / (4 * n * n));
  const double scale = 1 + kZSquared / n;
  return {hits == 0 ? 0 : std::max(0.0, (center - spread) / scale),
          hits == trials ? 1 : std::min(1.0, (center + spread) / scale)};
}

}  // namespace ktstr
