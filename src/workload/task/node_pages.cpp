// SPDX-License-Identifier: Apache-2.0
#include "workload/task/node_pages.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

namespace ktstr {

namespace {

constexpr std::uint64_t kPageKib = 4;

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// Calls `take` for each part of `text` between two of `separator`.
template <typename Take>
void split(std::string_view text, char separator, Take take) {
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    take(part);
  }
}

}  // namespace

std::vector<NodePages> node_pages_of(std::string_view numa_maps) {
  constexpr std::uint64_t kMostNodes = 1024, kMostKib = std::uint64_t{1} << 30;
  std::map<NumaNode, std::uint64_t> all;
  split(numa_maps, '\n', [&](std::string_view line) {
    std::map<NumaNode, std::uint64_t> of_line;
    std::uint64_t kib = kPageKib;
    split(line, ' ', [&](std::string_view word) {
      const std::size_t equals = word.find('=');
      if (equals == std::string_view::npos) return;
      const std::string_view key = word.substr(0, equals);
      const auto value = number(word.substr(equals + 1));
      if (!value) return;
      if (key == "kernelpagesize_kB" && *value >= kPageKib && *value <= kMostKib) kib = *value;
      if (key.size() < 2 || key[0] != 'N') return;
      if (const auto node = number(key.substr(1)); node && *node < kMostNodes)
        of_line[static_cast<NumaNode>(*node)] += *value;
    });
    for (const auto& [node, pages] : of_line) all[node] += pages * (kib / kPageKib);
  });
  std::vector<NodePages> list;
  for (const auto& [node, pages] : all) list.push_back({node, pages});
  return list;
}

}  // namespace ktstr
