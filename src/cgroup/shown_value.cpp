// SPDX-License-Identifier: Apache-2.0
#include "cgroup/shown_value.h"

#include <unistd.h>

#include "base/text/trimmed.h"
#include "cgroup/knob_value.h"
#include "ktstr/topology.h"

namespace ktstr::shown {

namespace {

std::string_view next_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trimmed(line);
}

// In the pages that the kernel counts in; from PAGE_COUNTER_MAX (LONG_MAX bytes) on there is no limit.
std::uint64_t pages_of(std::uint64_t bytes) {
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t pages = bytes / page;
  return pages >= static_cast<std::uint64_t>(INT64_MAX) / page ? kNoLimit : pages;
}

// SCHED_CAPACITY_SCALE times the percentage, rounded to the closest.
unsigned capacity_of(unsigned hundredths) { return (hundredths * 1024 + 5000) / 10000; }

// An iops limit is an unsigned int in the kernel, and its greatest value means none.
std::uint64_t limit_of(std::size_t key, std::uint64_t value) {
  const bool is_iops = kIoLimitKeys[key].ends_with("iops");
  return is_iops && value >= UINT32_MAX ? kNoLimit : value;
}

}  // namespace

bool as_text(std::string_view written, std::string_view shown) { return trimmed(written) == trimmed(shown); }

bool as_list(std::string_view written, std::string_view shown) {
  const auto asked = CpuSet::parse(trimmed(written)), got = CpuSet::parse(trimmed(shown));
  return asked && got && *asked == *got;
}

bool as_quota(std::string_view written, std::string_view shown) {
  const auto asked = parse_quota(trimmed(written)), got = parse_quota(trimmed(shown));
  return asked && got && asked->quota == got->quota && (!asked->period || asked->period == got->period);
}

bool as_size(std::string_view written, std::string_view shown) {
  const auto asked = parse_size(trimmed(written)), got = parse_size(trimmed(shown));
  return asked && got && pages_of(*asked) == pages_of(*got);
}

bool as_percent(std::string_view written, std::string_view shown) {
  const auto asked = parse_percent(trimmed(written)), got = parse_percent(trimmed(shown));
  if (!asked || !got) return false;
  return *asked == *got || (trimmed(shown) == "max" && capacity_of(*asked) == 1024);
}

bool as_default_weight(std::string_view written, std::string_view shown) {
  constexpr std::string_view kDefault = "default ";
  const std::string_view line = next_line(shown);
  return line.starts_with(kDefault) && line.substr(kDefault.size()) == trimmed(written);
}

bool as_io_limits(std::string_view written, std::string_view shown) {
  const auto asked = parse_io_limits(trimmed(written));
  if (!asked) return false;
  IoLimits got{asked->device, {}};
  while (!shown.empty())
    if (const auto line = parse_io_limits(next_line(shown)); line && line->device == asked->device) got = *line;
  for (std::size_t key = 0; key < kIoLimitKeys.size(); ++key)
    if (asked->limits[key] && limit_of(key, *asked->limits[key]) != limit_of(key, got.limits[key].value_or(kNoLimit)))
      return false;
  return true;
}

}  // namespace ktstr::shown
