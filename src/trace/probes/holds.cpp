// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/holds.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

namespace ktstr {

namespace {

constexpr std::string_view kExample = "take_mail+0x2d to take_mail+0x54 until write times 1-3 most 100000";

Error wrong_schedule(std::string_view text, std::string_view what) {
  return fail(ErrorCode::kInvalidArgument, "'{}': {}", text, what)
      .with_hint(fmt::format("it is written like '{}'; several are separated by ';'", kExample));
}

template <typename Number>
std::optional<Number> number_in(std::string_view text, int base = 10) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value, base);
  if (text.empty() || at != end || error != std::errc()) return std::nullopt;
  return value;
}

std::optional<CodePlace> place_in(std::string_view text) {
  const auto plus = text.rfind("+0x");
  if (plus == text.npos || plus == 0) return std::nullopt;
  const auto offset = number_in<std::uint64_t>(text.substr(plus + 3), 16);
  if (!offset) return std::nullopt;
  return CodePlace{std::string(text.substr(0, plus)), *offset};
}

bool put_times(std::string_view text, PlannedHold& hold) {
  const auto dash = text.find('-');
  const auto from = number_in<std::uint32_t>(text.substr(0, dash));
  if (!from || *from == 0) return false;
  hold.from = hold.to = *from;
  if (dash == text.npos) return true;
  if (dash + 1 == text.size()) {
    hold.to = PlannedHold::kAlways;
    return true;
  }
  const auto to = number_in<std::uint32_t>(text.substr(dash + 1));
  if (!to || *to < *from) return false;
  hold.to = *to;
  return true;
}

Result<PlannedHold> parse_hold(const std::string& text) {
  std::istringstream words(text);
  std::string first, to, second, key, value;
  words >> first >> to >> second;
  const auto from_place = place_in(first), to_place = place_in(second);
  if (!from_place || to != "to" || !to_place)
    return wrong_schedule(text, "it begins with two places, each a function and an offset in it");
  PlannedHold hold{.first = *from_place, .second = *to_place};
  while (words >> key) {
    if (!(words >> value)) return wrong_schedule(text, fmt::format("'{}' needs a value", key));
    if (key == "until") {
      if (value != "write" && value != "access")
        return wrong_schedule(text, fmt::format("until '{}'; it is 'write' or 'access'", value));
      hold.writes_only = value == "write";
    } else if (key == "times") {
      if (!put_times(value, hold))
        return wrong_schedule(text, fmt::format("times '{}'; it is a number from 1 on, or a range", value));
    } else if (key == "most") {
      const auto most = number_in<std::uint64_t>(value);
      if (!most || *most == 0)
        return wrong_schedule(text, fmt::format("most '{}'; it is instructions, from 1 on", value));
      hold.most = *most;
    } else if (key == "count") {
      const auto count = number_in<std::uint32_t>(value);
      if (!count || *count == 0)
        return wrong_schedule(text, fmt::format("count '{}'; it is a number from 1 on", value));
      hold.count = *count;
    } else if (key == "in") {
      KTSTR_TRY_ASSIGN(hold.code, parse_kernel_code(value));
    } else {
      return wrong_schedule(text, fmt::format("'{}' is not known; there are until, count, times, most and in", key));
    }
  }
  return hold;
}

}  // namespace

std::string to_text(const CodePlace& place) { return fmt::format("{}+{:#x}", place.function, place.offset); }

std::string to_text(const PlannedHold& hold) {
  std::string text = fmt::format("{} to {} until {}", to_text(hold.first), to_text(hold.second),
                                 hold.writes_only ? "write" : "access");
  if (hold.count != 1) text += fmt::format(" count {}", hold.count);
  if (hold.from == hold.to)
    text += fmt::format(" times {}", hold.from);
  else if (hold.to != PlannedHold::kAlways)
    text += fmt::format(" times {}-{}", hold.from, hold.to);
  else if (hold.from != 1)
    text += fmt::format(" times {}-", hold.from);
  if (hold.most != PlannedHold::kMostInstructions) text += fmt::format(" most {}", hold.most);
  if (!hold.code.empty()) text += " in " + hold.code;
  return text;
}

std::string to_text(const std::vector<PlannedHold>& schedule) {
  std::vector<std::string> texts;
  for (const PlannedHold& hold : schedule) texts.push_back(to_text(hold));
  return fmt::format("{}", fmt::join(texts, "; "));
}

Result<std::vector<PlannedHold>> parse_schedule(std::string_view text) {
  std::vector<PlannedHold> schedule;
  std::istringstream parts{std::string(text)};
  for (std::string part; std::getline(parts, part, ';');) {
    if (part.find_first_not_of(' ') == part.npos) continue;
    KTSTR_TRY_ASSIGN(PlannedHold hold, parse_hold(part));
    schedule.push_back(std::move(hold));
  }
  if (schedule.size() > control::kMostHolds)
    return fail(ErrorCode::kInvalidArgument, "a schedule of {} holds; there is room for {}", schedule.size(),
                control::kMostHolds);
  return schedule;
}

Result<std::vector<control::Hold>> placed_holds(const std::vector<PlannedHold>& schedule,
                                                const std::vector<BpfFunction>& functions,
                                                const std::vector<KernelFunction>& of_kernel) {
  const auto address_of = [&](const CodePlace& place) -> Result<std::uint64_t> {
    const auto is_in = [&](const auto& function) {
      return function.name == place.function && place.offset < function.end - function.start;
    };
    for (const BpfFunction& function : functions)
      if (is_in(function)) return function.start + place.offset;
    for (const KernelFunction& function : of_kernel)
      if (is_in(function)) return function.start + place.offset;
    return fail(ErrorCode::kNotFound, "there is no code at {}, in the BPF scheduler or in the kernel", to_text(place));
  };
  std::vector<control::Hold> placed;
  for (const PlannedHold& hold : schedule) {
    control::Hold one{};
    KTSTR_TRY_ASSIGN(one.first, address_of(hold.first));
    KTSTR_TRY_ASSIGN(one.second, address_of(hold.second));
    one.from = hold.from;
    one.to = hold.to;
    one.stores_only = hold.writes_only ? 1 : 0;
    one.count = hold.count;
    one.most = hold.most;
    placed.push_back(one);
  }
  return placed;
}

}  // namespace ktstr
