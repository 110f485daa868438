// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace ktstr {

struct Interval {
  double low = 0;
  double high = 1;
};

// The 95% score interval of a rate of which `hits` of `trials` were seen: E. B. Wilson, "Probable inference, the law of
// succession, and statistical inference", JASA 22 (1927), 209-212. It holds for few trials and for rates near 0 too:
// without a hit in 100 trials the rate is at most 3.7%. All of 0 to 1 without trials.
Interval wilson_interval(std::uint64_t hits, std::uint64_t trials);

}  // namespace ktstr
