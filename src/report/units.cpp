// SPDX-License-Identifier: Apache-2.0
#include "report/units.h"

#include <fmt/core.h>

#include <cmath>
#include <iterator>

#include "base/text/printable.h"

namespace ktstr {

namespace {

// `value` below 999.5, so that it never shows as 1000 of a unit that has a larger one.
std::string three_digits(double value, std::string_view unit) {
  const int decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f}{}", value, decimals, unit);
}

// The character after an escape sequence that begins at text[at] (ECMA-48: CSI, OSC, or one character).
std::size_t end_of_escape(std::string_view text, std::size_t at) {
  std::size_t i = at + 1;
  if (i >= text.size()) return i;
  const char kind = text[i++];
  if (kind == '[') {
    while (i < text.size() && (text[i] < 0x40 || text[i] > 0x7e)) ++i;
    return std::min(i + 1, text.size());
  }
  if (kind == ']') {
    while (i < text.size() && text[i] != '\a' && text[i] != '\x1b') ++i;
    return std::min(i + (i < text.size() && text[i] == '\x1b' ? 2 : 1), text.size());
  }
  return i;
}

}  // namespace

std::string short_duration(std::uint64_t ns) {
  if (ns == 0) return "0";
  if (ns < 1000) return fmt::format("{}ns", ns);
  const double value = static_cast<double>(ns);
  if (value < 999.5e3) return three_digits(value / 1e3, "us");
  if (value < 999.5e6) return three_digits(value / 1e6, "ms");
  return three_digits(value / 1e9, "s");
}

std::string short_count(std::uint64_t count) {
  if (count < 100'000) return fmt::format("{}", count);
  const double value = static_cast<double>(count);
  if (value < 999.5e3) return three_digits(value / 1e3, "k");
  if (value < 999.5e6) return three_digits(value / 1e6, "M");
  return three_digits(value / 1e9, "G");
}

std::string short_percent(double percent) {
  if (!std::isfinite(percent)) return "-";
  if (percent == 0) return "0%";
  return fmt::format("{:.{}f}%", percent, std::fabs(percent) >= 99.95 ? 0 : 1);
}

std::string step_text(int step) { return step == 0 ? "backdrop" : fmt::format("{}", step); }

std::string printable(std::string_view text) {
  std::string clean;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '\x1b') {
      i = end_of_escape(text, i);
      continue;
    }
    if (c == '\t')
      clean += ' ';
    else if (static_cast<unsigned char>(c) >= 0x20)
      clean += c;
    ++i;
  }
  return escaped(clean);
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    at = end + 1;
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
  }
  return lines;
}

std::string shortened(std::string_view text, std::size_t width) {
  if (text.size() <= width) return std::string(text);
  return std::string(text.substr(0, width > 2 ? width - 2 : 0)) + "..";
}

}  // namespace ktstr
