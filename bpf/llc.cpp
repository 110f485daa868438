// SPDX-License-Identifier: GPL-2.0-only
#include "llc.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <optional>

#include "scx_ktstr.h"

namespace scx_ktstr {
namespace {

constexpr unsigned kUnassigned = std::numeric_limits<unsigned>::max();

std::optional<std::string> read_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

// The list of CPUs that share `cpu`'s cache of the highest level, as text.
std::optional<std::string> last_level_sharers(const std::string& cpu_root, unsigned cpu) {
  const std::string caches = cpu_root + "/cpu" + std::to_string(cpu) + "/cache/index";
  std::optional<std::string> sharers;
  int highest = 0;
  for (unsigned index = 0;; ++index) {
    const std::string dir = caches + std::to_string(index);
    const auto level_text = read_line(dir + "/level");
    if (!level_text) return sharers;
    int level = 0;
    std::from_chars(level_text->data(), level_text->data() + level_text->size(), level);
    if (level <= highest) continue;
    highest = level;
    sharers = read_line(dir + "/shared_cpu_list");
  }
}

bool parse_range(const char*& at, const char* end, unsigned& first, unsigned& last) {
  auto number = std::from_chars(at, end, first);
  last = first;
  if (number.ec != std::errc{}) return false;
  if (number.ptr != end && *number.ptr == '-') number = std::from_chars(number.ptr + 1, end, last);
  at = number.ptr;
  return number.ec == std::errc{} && first <= last && last < KTSTR_MAX_CPUS;
}

}  // namespace

tl::expected<std::vector<unsigned>, std::string> parse_cpu_list(const std::string& text) {
  std::vector<unsigned> cpus;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    unsigned first = 0;
    unsigned last = 0;
    if (!parse_range(at, end, first, last) || (at != end && *at++ != ','))
      return tl::unexpected("'" + text + "' is not a list of CPUs below " + std::to_string(KTSTR_MAX_CPUS));
    for (unsigned cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

tl::expected<LlcMap, std::string> find_llcs(const std::string& sysfs_root) {
  const std::string cpu_root = sysfs_root + "/devices/system/cpu";
  const auto possible_text = read_line(cpu_root + "/possible");
  if (!possible_text) return tl::unexpected("cannot read " + cpu_root + "/possible");
  const auto possible = parse_cpu_list(*possible_text);
  if (!possible) return tl::unexpected(cpu_root + "/possible: " + possible.error());
  if (possible->empty()) return tl::unexpected(cpu_root + "/possible lists no CPU");

  LlcMap map;
  map.llc_of_cpu.assign(*std::max_element(possible->begin(), possible->end()) + 1, kUnassigned);
  unsigned nr_llcs = 0;
  for (const unsigned cpu : *possible) {
    if (map.llc_of_cpu[cpu] != kUnassigned) continue;
    const auto sharers_text = last_level_sharers(cpu_root, cpu);
    if (!sharers_text) continue;
    const auto sharers = parse_cpu_list(*sharers_text);
    if (!sharers) return tl::unexpected("cache of CPU " + std::to_string(cpu) + ": " + sharers.error());
    if (nr_llcs == KTSTR_MAX_LLCS)
      return tl::unexpected("more than " + std::to_string(KTSTR_MAX_LLCS) + " last-level caches");
    for (const unsigned sharer : *sharers)
      if (sharer < map.llc_of_cpu.size()) map.llc_of_cpu[sharer] = nr_llcs;
    map.llc_of_cpu[cpu] = nr_llcs++;
  }
  std::replace(map.llc_of_cpu.begin(), map.llc_of_cpu.end(), kUnassigned, 0U);
  map.nr_llcs = std::max(nr_llcs, 1U);
  return map;
}

}  // namespace scx_ktstr
