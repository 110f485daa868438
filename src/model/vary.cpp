// SPDX-License-Identifier: Apache-2.0
#include "ktstr/vary.h"

#include <algorithm>

#include "base/splitmix.h"
#include "model/names.h"

namespace ktstr {

namespace {

std::string joined(VarySet set, std::string_view between) {
  std::string text;
  for (const auto& [factor, name] : names_of(Vary{})) {
    if (!set.has(factor)) continue;
    if (!text.empty()) text += between;
    text += name;
  }
  return text;
}

}  // namespace

Result<VarySet> VarySet::parse(std::string_view text) {
  if (text == "all") return all();
  if (text == "none") return none();
  VarySet set = none();
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const std::string_view word = text.substr(from, comma - from);
    const auto factor = enum_from<Vary>(word);
    if (!factor)
      return fail(ErrorCode::kInvalidArgument, "'{}' is nothing that a seed varies; accepted: {}; all; none", word,
                  joined(all(), ", "));
    set = set.with(*factor);
    from = comma + 1;
  }
  return set;
}

std::string VarySet::to_string() const {
  if (*this == all()) return "all";
  if (*this == none()) return "none";
  return joined(*this, ",");
}

std::uint64_t seed_for(Vary factor, VarySet varied, std::uint64_t seed) {
  const std::uint64_t stream = name_hash(to_string(factor));
  return splitmix64(splitmix64(varied.has(factor) ? seed : 0) ^ stream);
}

}  // namespace ktstr
