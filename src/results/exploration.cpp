// SPDX-License-Identifier: Apache-2.0
#include "results/exploration.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text/digit.h"

namespace ktstr {

namespace {

constexpr std::size_t kLeastAddress = 8;  // hexadecimal digits without a 0x that are an address, not a word

bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_of_name(char c) { return is_digit(c) || is_letter(c) || c == '_' || c == '.' || c == '-'; }

// The length of the number at the start of `text`, 0 where there is none.
std::size_t number_length(std::string_view text) {
  std::size_t length = 0;
  if (text.starts_with("0x")) {
    length = 2;
    while (length < text.size() && is_hex(text[length])) ++length;
    return length;
  }
  while (length < text.size() && is_hex(text[length])) ++length;
  const std::string_view hex = text.substr(0, length);
  if (length >= kLeastAddress && std::any_of(hex.begin(), hex.end(), is_digit)) return length;
  length = 0;
  while (length < text.size() && is_digit(text[length])) ++length;
  if (length > 0 && length + 1 < text.size() && text[length] == '.' && is_digit(text[length + 1])) {
    ++length;
    while (length < text.size() && is_digit(text[length])) ++length;
  }
  return length;
}

// "ms" after a number goes with it: one failure can last 950us here and 1.2 ms there.
std::size_t unit_length(std::string_view text) {
  const std::size_t blank = text.starts_with(' ') ? 1 : 0;
  for (const std::string_view unit : {"ns", "us", "ms", "s"}) {
    if (text.substr(blank).starts_with(unit)) {
      const std::size_t end = blank + unit.size();
      if (end == text.size() || (!is_letter(text[end]) && !is_digit(text[end]) && text[end] != '_')) return end;
    }
  }
  return 0;
}

// The word of `kept` that stands here, whole.
std::size_t kept_length(std::string_view text, const std::vector<std::string>& kept) {
  std::size_t longest = 0;
  for (const std::string& word : kept)
    if (text.starts_with(word) && (text.size() == word.size() || !is_of_name(text[word.size()])))
      longest = std::max(longest, word.size());
  return longest;
}

// Lists of CPUs are as long as it comes: "#-#,#" is "#".
void shorten_lists(std::string& text) {
  for (const std::string_view list : {"#-#", "#,#"})
    for (std::size_t at = text.find(list); at != std::string::npos; at = text.find(list)) text.erase(at, 2);
}

}  // namespace

Result<SeedRange> SeedRange::parse(std::string_view text) {
  SeedRange range;
  const std::size_t dots = text.find("..");
  const auto read = [](std::string_view number, std::uint64_t& into) {
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), into);
    return error == std::errc() && end == number.data() + number.size();
  };
  if (dots == std::string_view::npos || !read(text.substr(0, dots), range.from) ||
      !read(text.substr(dots + 2), range.to))
    return fail(ErrorCode::kInvalidArgument, "'{}' is not a range of seeds", text).with_hint("write it like 1..200");
  if (range.from > range.to)
    return fail(ErrorCode::kInvalidArgument, "'{}': the first seed is larger than the last", text);
  if (range.to - range.from >= kMost)
    return fail(ErrorCode::kInvalidArgument, "'{}': more than {} seeds", text, kMost)
        .with_hint("explore it in several runs");
  return range;
}

std::uint64_t Exploration::count(Outcome outcome) const {
  return static_cast<std::uint64_t>(
      std::count_if(results.begin(), results.end(), [&](const SeedResult& r) { return r.outcome == outcome; }));
}

std::vector<Exploration::OfPolicy> Exploration::by_policy() const {
  std::vector<OfPolicy> all;
  for (const SeedResult& result : results) {
    if (result.outcome != Outcome::kPass && result.outcome != Outcome::kFail) continue;
    auto of = std::find_if(all.begin(), all.end(), [&](const OfPolicy& each) { return each.policy == result.policy; });
    if (of == all.end()) of = all.insert(of, {.policy = result.policy});
    ++of->decided;
    if (result.outcome == Outcome::kFail) ++of->failed;
  }
  std::stable_sort(all.begin(), all.end(), [](const OfPolicy& a, const OfPolicy& b) {
    return a.failed * b.decided != b.failed * a.decided ? a.failed * b.decided > b.failed * a.decided
                                                        : a.policy < b.policy;
  });
  return all;
}

Outcome outcome_of(const Exploration& found) {
  for (const Outcome outcome : {Outcome::kInterrupted, Outcome::kBadInput, Outcome::kFail, Outcome::kInfrastructure,
                                Outcome::kInconclusive, Outcome::kPass})
    if (found.count(outcome) > 0) return outcome;
  return found.results.empty() ? Outcome::kInterrupted : Outcome::kSkip;
}

std::string compact_ranges(const std::vector<std::uint64_t>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t last = i;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    text += fmt::format("{}{}", text.empty() ? "" : ",", numbers[i]);
    if (last > i) text += fmt::format("{}{}", last == i + 1 ? "," : "-", numbers[last]);
    i = last + 1;
  }
  return text;
}

std::string without_numbers(std::string_view message, const std::vector<std::string>& kept) {
  std::string text;
  for (std::size_t at = 0; at < message.size();) {
    const std::string_view rest = message.substr(at);
    const bool starts_word = at == 0 || !is_of_name(message[at - 1]);
    if (const std::size_t length = starts_word ? kept_length(rest, kept) : 0; length > 0) {
      text += rest.substr(0, length);
      at += length;
    } else if (const std::size_t number = number_length(rest); number > 0 && (starts_word || is_digit(rest[0]))) {
      text += '#';
      at += number + unit_length(rest.substr(number));
    } else {
      text += rest[0];
      ++at;
    }
  }
  shorten_lists(text);
  return text;
}

}  // namespace ktstr
