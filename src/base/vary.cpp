// SPDX-License-Identifier: Apache-2.0
#include "ktstr/vary.h"

#include <array>

#include "base/splitmix.h"

namespace ktstr {

namespace {

constexpr std::array<std::string_view, kVaryCount> kNames = {"handover", "random",    "offsets", "phases",
                                                             "pauses",   "placement", "cpu"};
constexpr const char* kAccepted = "handover, random, offsets, phases, pauses, placement, cpu; all; none";

}  // namespace

std::string_view to_string(Vary factor) { return kNames.at(static_cast<std::size_t>(factor)); }

Result<VarySet> VarySet::parse(std::string_view text) {
  if (text == "all") return all();
  if (text == "none") return none();
  VarySet set = none();
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const std::string_view word = text.substr(from, comma - from);
    std::size_t index = 0;
    while (index < kVaryCount && kNames[index] != word) ++index;
    if (index == kVaryCount)
      return fail(ErrorCode::kInvalidArgument, "'{}' is nothing that a seed varies; accepted: {}", word, kAccepted);
    set = set.with(static_cast<Vary>(index));
    from = comma + 1;
  }
  return set;
}

std::string VarySet::to_string() const {
  if (*this == all()) return "all";
  if (*this == none()) return "none";
  std::string text;
  for (std::size_t i = 0; i < kVaryCount; ++i) {
    if (!has(static_cast<Vary>(i))) continue;
    if (!text.empty()) text += ',';
    text += kNames[i];
  }
  return text;
}

std::uint64_t seed_for(Vary factor, VarySet varied, std::uint64_t seed) {
  const std::uint64_t stream = name_hash(to_string(factor));
  return splitmix64(splitmix64(varied.has(factor) ? seed : 0) ^ stream);
}

}  // namespace ktstr
