// SPDX-License-Identifier: Apache-2.0
#include "cgroup/knob_value.h"

#include <algorithm>
#include <charconv>

namespace ktstr {

namespace {

// Cuts the first word off `rest`. Exactly one blank stands between words.
std::string_view next_word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

bool is_device(std::string_view text) {
  const std::size_t colon = text.find(':');
  return colon != std::string_view::npos && parse_number(text.substr(0, colon)) && parse_number(text.substr(colon + 1));
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return {};
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::optional<std::uint64_t> parse_number_or_max(std::string_view text) {
  return text == "max" ? kNoLimit : parse_number(text);
}

std::optional<CpuQuota> parse_quota(std::string_view text) {
  const bool has_period = text.find(' ') != std::string_view::npos;
  const auto quota = parse_number_or_max(next_word(text));
  if (!quota) return {};
  if (!has_period) return CpuQuota{*quota, {}};
  const auto period = parse_number(text);
  if (!period) return {};
  return CpuQuota{*quota, period};
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  if (text == "max") return kNoLimit;
  unsigned shift = 0;
  if (const std::size_t unit = text.empty() ? std::string_view::npos : std::string_view("KMGT").find(text.back());
      unit != std::string_view::npos) {
    shift = 10 * (static_cast<unsigned>(unit) + 1);
    text.remove_suffix(1);
  }
  const auto count = parse_number(text);
  if (!count || *count > (UINT64_MAX >> shift)) return {};
  return *count << shift;
}

std::optional<unsigned> parse_percent(std::string_view text) {
  constexpr unsigned kWhole = 100 * 100;
  if (text == "max") return kWhole;
  const std::size_t point = std::min(text.find('.'), text.size());
  const auto percent = parse_number(text.substr(0, point));
  if (!percent || *percent > 100) return {};
  unsigned hundredths = 0;
  if (point != text.size()) {
    const std::string_view decimals = text.substr(point + 1);
    if (decimals.empty() || decimals.size() > 2) return {};
    for (const char digit : decimals) {
      if (digit < '0' || digit > '9') return {};
      hundredths = hundredths * 10 + static_cast<unsigned>(digit - '0');
    }
    if (decimals.size() == 1) hundredths *= 10;
  }
  const unsigned value = static_cast<unsigned>(*percent) * 100 + hundredths;
  if (value > kWhole) return {};
  return value;
}

std::optional<IoLimits> parse_io_limits(std::string_view line) {
  IoLimits parsed;
  parsed.device = next_word(line);
  if (!is_device(parsed.device) || line.empty()) return {};
  while (!line.empty()) {
    const bool last = line.find(' ') == std::string_view::npos;
    const std::string_view word = next_word(line);
    if (!last && line.empty()) return {};
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) return {};
    const auto key = std::find(kIoLimitKeys.begin(), kIoLimitKeys.end(), word.substr(0, equals));
    const auto value = parse_number_or_max(word.substr(equals + 1));
    if (key == kIoLimitKeys.end() || !value) return {};
    auto& limit = parsed.limits[static_cast<std::size_t>(key - kIoLimitKeys.begin())];
    if (limit) return {};
    limit = value;
  }
  return parsed;
}

}  // namespace ktstr
