// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <iterator>

#include "ktstr/topology.h"

namespace ktstr {

namespace {

// NR_CPUS of the largest distribution kernels is 8192; nothing that we boot or run on comes near this.
constexpr Cpu kCpuLimit = 4096;

// Takes "3" or "0-3" off the front of `rest`.
bool take_range(std::string_view& rest, Cpu& first, Cpu& last) {
  auto take_number = [&rest](Cpu& number) {
    const char* const end = rest.data() + rest.size();
    // from_chars would also take a sign.
    if (rest.empty() || rest.front() < '0' || rest.front() > '9') return false;
    const auto [stop, error] = std::from_chars(rest.data(), end, number);
    if (error != std::errc() || number >= kCpuLimit) return false;
    rest.remove_prefix(static_cast<std::size_t>(stop - rest.data()));
    return true;
  };
  if (!take_number(first)) return false;
  last = first;
  if (!rest.starts_with('-')) return true;
  rest.remove_prefix(1);
  return take_number(last) && first <= last;
}

}  // namespace

CpuSet CpuSet::range(Cpu first, Cpu last) {
  CpuSet set;
  for (Cpu cpu = first; cpu <= last; ++cpu) set.cpus_.insert(set.cpus_.end(), cpu);
  return set;
}

Result<CpuSet> CpuSet::parse(std::string_view list) {
  std::string_view rest = list;
  if (rest.ends_with('\n')) rest.remove_suffix(1);
  CpuSet set;
  if (rest.empty()) return set;
  for (;;) {
    Cpu first = 0, last = 0;
    if (!take_range(rest, first, last)) break;
    for (Cpu cpu = first; cpu <= last; ++cpu) set.add(cpu);
    if (rest.empty()) return set;
    if (!rest.starts_with(',')) break;
    rest.remove_prefix(1);
  }
  return fail(ErrorCode::kInvalidArgument, "'{}' is not a CPU list; write one like 0-3,8, with CPUs below {}", list,
              kCpuLimit);
}

CpuSet CpuSet::parse_lenient(std::string_view list) {
  constexpr std::string_view kSpace = " \t\r\n";
  CpuSet set;
  while (!list.empty()) {
    std::string_view part = list.substr(0, list.find(','));
    list.remove_prefix(std::min(part.size() + 1, list.size()));
    part.remove_prefix(std::min(part.find_first_not_of(kSpace), part.size()));
    part.remove_suffix(part.size() - (part.find_last_not_of(kSpace) + 1));
    Cpu first = 0, last = 0;
    if (!take_range(part, first, last) || !part.empty()) continue;
    for (Cpu cpu = first; cpu <= last; ++cpu) set.add(cpu);
  }
  return set;
}

std::string CpuSet::to_string() const {
  std::string text;
  for (auto it = cpus_.begin(); it != cpus_.end();) {
    const Cpu first = *it;
    Cpu last = first;
    while (++it != cpus_.end() && *it == last + 1) last = *it;
    if (!text.empty()) text += ',';
    text += first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
  }
  return text;
}

bool CpuSet::is_subset_of(const CpuSet& other) const {
  return std::includes(other.cpus_.begin(), other.cpus_.end(), cpus_.begin(), cpus_.end());
}

CpuSet CpuSet::intersection(const CpuSet& other) const {
  CpuSet result;
  std::set_intersection(cpus_.begin(), cpus_.end(), other.cpus_.begin(), other.cpus_.end(),
                        std::inserter(result.cpus_, result.cpus_.end()));
  return result;
}

CpuSet CpuSet::union_with(const CpuSet& other) const {
  CpuSet result = *this;
  result.cpus_.insert(other.cpus_.begin(), other.cpus_.end());
  return result;
}

CpuSet CpuSet::minus(const CpuSet& other) const {
  CpuSet result;
  std::set_difference(cpus_.begin(), cpus_.end(), other.cpus_.begin(), other.cpus_.end(),
                      std::inserter(result.cpus_, result.cpus_.end()));
  return result;
}

}  // namespace ktstr
