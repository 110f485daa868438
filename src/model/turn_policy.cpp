// SPDX-License-Identifier: Apache-2.0
#include "ktstr/turn_policy.h"

#include "base/splitmix.h"
#include "model/names.h"

namespace ktstr {

Result<TurnPolicy> turn_policy_from(std::string_view text) {
  if (const auto policy = enum_from<TurnPolicy>(text)) return *policy;
  std::string accepted;
  for (const auto& [policy, name] : names_of(TurnPolicy{})) {
    if (!accepted.empty()) accepted += ", ";
    accepted += name;
  }
  return fail(ErrorCode::kInvalidArgument, "'{}' is no policy of turns; accepted: {}", text, accepted);
}

TurnPolicy chosen_policy(TurnPolicy asked, std::uint64_t handover_seed) {
  if (asked != TurnPolicy::kMix) return asked;
  constexpr auto kFirst = static_cast<std::uint64_t>(TurnPolicy::kUniform);
  constexpr auto kChoices = static_cast<std::uint64_t>(TurnPolicy::kMix) - kFirst;
  return static_cast<TurnPolicy>(kFirst + splitmix64(handover_seed ^ name_hash("mix")) % kChoices);
}

}  // namespace ktstr
