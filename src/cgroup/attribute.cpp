// SPDX-License-Identifier: Apache-2.0
#include "cgroup/attribute.h"

#include <algorithm>
#include <iterator>

#include "ktstr/topology.h"

namespace ktstr {

namespace {

using Compare = bool (*)(std::string_view written, std::string_view shown);

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

bool same_text(std::string_view written, std::string_view shown) { return trimmed(written) == trimmed(shown); }

// "2,0-1" shows as "0-2".
bool same_list(std::string_view written, std::string_view shown) {
  const auto asked = CpuSet::parse(trimmed(written)), got = CpuSet::parse(trimmed(shown));
  return asked && got && *asked == *got;
}

// cpu.max keeps its period when only the quota is written: "max" shows as "max 100000".
bool same_quota(std::string_view written, std::string_view shown) {
  const std::string_view asked = trimmed(written), got = trimmed(shown);
  return got == asked || (asked.find(' ') == std::string_view::npos && got.substr(0, got.find(' ')) == asked);
}

constexpr struct {
  std::string_view file;
  Compare compare;
} kEchoing[] = {
    {"cgroup.freeze", same_text},    {"cgroup.max.depth", same_text}, {"cgroup.max.descendants", same_text},
    {"cpu.idle", same_text},         {"cpu.max", same_quota},         {"cpu.max.burst", same_text},
    {"cpu.weight", same_text},       {"cpu.weight.nice", same_text},  {"cpuset.cpus", same_list},
    {"cpuset.cpus.exclusive", same_list},
    {"cpuset.cpus.partition", same_text},  // shows "isolated invalid (why)" where it did not take effect
    {"cpuset.mems", same_list},      {"pids.max", same_text},
};

Compare comparison_for(std::string_view file) {
  const auto found =
      std::find_if(std::begin(kEchoing), std::end(kEchoing), [&](const auto& e) { return e.file == file; });
  return found == std::end(kEchoing) ? nullptr : found->compare;
}

}  // namespace

bool attribute_echoes(std::string_view file) { return comparison_for(file) != nullptr; }

bool attribute_shows(std::string_view file, std::string_view written, std::string_view shown) {
  const Compare compare = comparison_for(file);
  return compare == nullptr || compare(written, shown);
}

}  // namespace ktstr
