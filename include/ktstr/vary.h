// SPDX-License-Identifier: Apache-2.0
//
// What a seed may vary. Each factor draws from a stream of its own, so narrowing the set leaves the others as they
// were: a failure that stays when only `handover` varies is one of interleaving.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ktstr {

enum class Vary : std::uint8_t {
  kHandover,   // phase and length of the quantum: the instructions at which vCPUs hand over (det)
  kRandom,     // the guest kernel's random pool
  kOffsets,    // when the body starts
  kPhases,     // when each worker starts after the release
  kPauses,     // pauses between ops
  kPlacement,  // placement choices marked random
  kCpu,        // the CPU on which a worker is born
};
constexpr std::size_t kVaryCount = 7;
std::string_view to_string(Vary factor);  // "handover", "random", "offsets", "phases", "pauses", "placement", "cpu"

class VarySet {
 public:
  static constexpr VarySet all() { return VarySet((1u << kVaryCount) - 1); }
  static constexpr VarySet none() { return VarySet(0); }
  // "handover,offsets", "all", "none". kInvalidArgument that names the wrong word and the accepted ones.
  static Result<VarySet> parse(std::string_view text);

  constexpr bool has(Vary factor) const { return (bits_ & bit(factor)) != 0; }
  constexpr VarySet with(Vary factor) const { return VarySet(bits_ | bit(factor)); }
  std::string to_string() const;  // what parse() takes
  friend constexpr bool operator==(VarySet, VarySet) = default;

 private:
  constexpr explicit VarySet(unsigned bits) : bits_(bits) {}
  static constexpr unsigned bit(Vary factor) { return 1u << static_cast<unsigned>(factor); }
  unsigned bits_;
};

// The seed of one factor's stream: from `seed` where the factor varies, the same for every seed where it does not.
std::uint64_t seed_for(Vary factor, VarySet varied, std::uint64_t seed);

}  // namespace ktstr
