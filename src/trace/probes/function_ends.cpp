// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/function_ends.h"

#include <fmt/format.h>

namespace ktstr {

namespace {

constexpr std::uint64_t kLargestFunction = 1 << 20;  // of functions

void add_part(const KernelSymbols& symbols, const Symbol& part, const control::Probe& probe,
              std::vector<control::ExitProbe>& parts) {
  const auto next = symbols.after(part.address);
  if (next && next->address - part.address <= kLargestFunction) parts.push_back({part.address, next->address, probe});
}

}  // namespace

std::vector<control::ExitProbe> ends_of(const KernelSymbols& symbols, const Symbol& function,
                                        const control::Probe& probe) {
  std::vector<control::ExitProbe> parts;
  add_part(symbols, function, probe, parts);
  // Of several functions of one name nothing says whose such a part is.
  if (symbols.find_all(function.name).size() != 1) return parts;
  for (const Symbol& cold : symbols.find_all(fmt::format("{}.cold", function.name)))
    add_part(symbols, cold, probe, parts);
  return parts;
}

std::vector<std::uint64_t> return_thunks(const KernelSymbols& symbols) {
  std::vector<std::uint64_t> thunks;
  for (std::size_t i = 0; i < symbols.size() && thunks.size() < control::kMostThunks; ++i)
    if (const Symbol one = symbols[i]; one.name.ends_with("return_thunk")) thunks.push_back(one.address);
  return thunks;
}

}  // namespace ktstr
