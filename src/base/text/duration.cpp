// SPDX-License-Identifier: Apache-2.0
#include "base/text/duration.h"

#include <cstdint>
#include <optional>
#include <span>

#include "base/text/digit.h"

namespace ktstr {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t ns;
};
// Largest first. A duration is printed in seconds at most.
constexpr Unit kUnits[] = {{"h", 3'600'000'000'000}, {"m", 60'000'000'000}, {"s", 1'000'000'000},
                           {"ms", 1'000'000},        {"us", 1'000},         {"ns", 1}};
constexpr std::size_t kLongUnits = 2;

// Decimal arithmetic throughout: a double would make 0.1s something else than 100ms.
std::optional<std::int64_t> parse_number_in(std::string_view number, std::int64_t unit_ns) {
  if (number.empty() || !is_digit(number.front()) || !is_digit(number.back())) return {};
  std::int64_t total = 0, place_ns = unit_ns;
  bool in_fraction = false;
  for (const char c : number) {
    if (c == '.' && !in_fraction) {
      in_fraction = true;
      continue;
    }
    if (!is_digit(c)) return {};
    const std::int64_t digit = c - '0';
    if (in_fraction) {
      place_ns = place_ns % 10 == 0 ? place_ns / 10 : 0;
      if (place_ns == 0 && digit != 0) return {};
    } else if (__builtin_mul_overflow(total, 10, &total)) {
      return {};
    }
    std::int64_t added = 0;
    if (__builtin_mul_overflow(digit, place_ns, &added) || __builtin_add_overflow(total, added, &total)) return {};
  }
  return total;
}

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const std::size_t end_of_number = text.find_first_not_of("0123456789.");
  if (end_of_number != std::string_view::npos)
    for (const Unit& unit : kUnits)
      if (text.substr(end_of_number) == unit.name)
        if (const auto ns = parse_number_in(text.substr(0, end_of_number), unit.ns))
          return std::chrono::nanoseconds(*ns);
  return fail(ErrorCode::kInvalidArgument,
              "'{}' is not a duration; write a number with ns, us, ms, s, m or h, like 50ms or 1.5s", text);
}

std::string format_duration(std::chrono::nanoseconds duration) {
  if (duration.count() == 0) return "0s";
  // As unsigned, because the most negative count has no positive counterpart.
  const auto count = static_cast<std::uint64_t>(duration.count());
  const std::uint64_t ns = duration.count() < 0 ? 0 - count : count;
  for (const Unit& unit : std::span(kUnits).subspan(kLongUnits)) {
    const auto unit_ns = static_cast<std::uint64_t>(unit.ns);
    if (ns < unit_ns) continue;
    std::string text = fmt::format("{}{}", duration.count() < 0 ? "-" : "", ns / unit_ns);
    std::string fraction = fmt::format("{}", unit_ns + ns % unit_ns).substr(1);
    while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
    if (!fraction.empty()) text += "." + fraction;
    return text.append(unit.name);
  }
  return "0s";
}

}  // namespace ktstr
