// SPDX-License-Identifier: Apache-2.0
#include "sched_ext/log_prefix.h"

#include <algorithm>
#include <optional>

#include "base/text/digit.h"

namespace ktstr {

namespace {

bool consists_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view kDigits = "0123456789";

// The next word and the blanks after it are taken off.
std::string_view word_of(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(' ')));
  return word;
}

bool is_name_of_three(std::string_view word) {
  return word.size() == 3 && word[0] >= 'A' && word[0] <= 'Z' && word[1] >= 'a' && word[1] <= 'z';
}

// "15:04:05", "15:04:05.123456".
bool is_clock(std::string_view word) {
  return word.size() >= 7 && std::count(word.begin(), word.end(), ':') == 2 && consists_of(word, "0123456789:.");
}

// "2026-01-02T15:04:05+0000" and its like.
bool is_iso_time(std::string_view word) {
  return word.size() >= 19 && word[4] == '-' && word[10] == 'T' && consists_of(word, "0123456789-:.,+TZ");
}

// What comes after a date: the host.
std::optional<std::string_view> after_date(std::string_view line) {
  std::string_view rest = line;
  std::string_view word = word_of(rest);
  if (is_iso_time(word)) return rest;
  if (!is_name_of_three(word)) return {};
  word = word_of(rest);
  if (consists_of(word, kDigits) && word.size() <= 2) {  // "Jan  2 15:04:05"
    if (is_clock(word_of(rest))) return rest;
    return {};
  }
  if (!consists_of(word, "0123456789-")) return {};
  if (!is_clock(word_of(rest))) return {};  // "Fri 2026-01-02 15:04:05 UTC"
  word_of(rest);
  return rest;
}

// "host kernel: TEXT", "host scx_x[12]: TEXT".
std::optional<std::string_view> after_program(std::string_view text, bool after_time_of_kernel) {
  const std::size_t host = text.find(' ');
  if (host == std::string_view::npos || host == 0 || text.substr(0, host).find(':') != std::string_view::npos)
    return {};
  text.remove_prefix(host + 1);
  const std::size_t end = text.find_first_of(" :");
  if (end == std::string_view::npos || end == 0 || text[end] != ':') return {};
  const std::string_view program = text.substr(0, end);
  if (after_time_of_kernel && program != "kernel" && !program.ends_with(']')) return {};
  text.remove_prefix(end + 1);
  if (text.starts_with(' ')) text.remove_prefix(1);
  return text;
}

// "[   12.345678] ": what is in the brackets begins with a number or a date.
std::string_view without_time(std::string_view line) {
  while (line.starts_with('[')) {
    const std::size_t end = line.find(']');
    if (end == std::string_view::npos) return line;
    std::string_view inside = line.substr(1, end - 1);
    inside.remove_prefix(std::min(inside.size(), inside.find_first_not_of(' ')));
    const bool is_known = !inside.empty() && (is_digit(inside[0]) || inside[0] == 'T' || inside[0] == 'C' ||
                                              is_name_of_three(inside.substr(0, inside.find(' '))));
    if (!is_known) return line;
    line.remove_prefix(end + 1);
    if (line.starts_with(' ')) line.remove_prefix(1);
  }
  return line;
}

std::string_view without_priority(std::string_view line) {
  if (line.starts_with('<')) {
    const std::size_t end = line.find('>');
    if (end < 5 && consists_of(line.substr(1, end - 1), kDigits)) return line.substr(end + 1);
  }
  // Documentation/ABI/testing/dev-kmsg: "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;"
  const std::size_t fields = line.find_first_not_of("0123456789,-c");
  if (fields != std::string_view::npos && fields > 0 && line[fields] == ';') return line.substr(fields + 1);
  return line;
}

}  // namespace

LogLine without_log_prefix(std::string_view line) {
  constexpr std::string_view kEvent = "sched_ext_dump:";
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
  if (const std::size_t event = line.find(kEvent); event != std::string_view::npos) {
    line.remove_prefix(event + kEvent.size());
    if (line.starts_with(' ')) line.remove_prefix(1);
    return {line, line};
  }
  line = without_priority(line);
  if (const auto host = after_date(line))
    if (const auto text = after_program(*host, false)) line = *text;
  std::string_view text = without_time(line);
  if (text.size() != line.size())
    if (const auto after = after_program(text, true)) text = line = *after;
  return {text, line};
}

}  // namespace ktstr
