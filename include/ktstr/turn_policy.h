// SPDX-License-Identifier: Apache-2.0
//
// Which vCPU of a det guest hands over to which, and when: evenly, or at random for most of the run, by the run's seed.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace ktstr {

enum class TurnPolicy : std::uint8_t {
  kEven,     // turns of one length, so that all busy CPUs execute the same number of instructions
  kUniform,  // each turn has a length of its own
  kBursts,   // now and then many short turns, or a long one
  kVictim,   // now and then one CPU has no turn for a while
  kPct,      // CPUs have priorities, which change a few times
  kPos,      // CPUs have priorities, drawn anew at each block of the BPF scheduler's code
  kMix,      // one of the others but kEven, chosen by the seed
};
std::string_view to_string(TurnPolicy policy);  // "even", "uniform", "bursts", "victim", "pct", "pos", "mix"
// kInvalidArgument that names the accepted ones.
Result<TurnPolicy> turn_policy_from(std::string_view text);
// What kMix is with this seed of hand-overs; any other one is itself.
TurnPolicy chosen_policy(TurnPolicy asked, std::uint64_t handover_seed);

}  // namespace ktstr
