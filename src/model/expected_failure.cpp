// SPDX-License-Identifier: Apache-2.0
#include "ktstr/expected_failure.h"

#include <fmt/format.h>

#include <optional>
#include <regex>

#include "model/expected_words.h"
#include "model/names.h"

namespace ktstr {

namespace {

constexpr std::size_t kLongestPattern = 1024;

// libstdc++'s matcher that needs polynomial time and no depth, whatever the pattern; it knows no back references.
constexpr auto kSyntax =
    std::regex_constants::ECMAScript | std::regex_constants::optimize | std::regex_constants::__polynomial;

Result<std::regex> compiled(const std::string& pattern) {
  if (pattern.size() > kLongestPattern)
    return fail(ErrorCode::kInvalidArgument, "the pattern has more than {} characters", kLongestPattern);
  try {
    return std::regex(pattern, kSyntax);
  } catch (const std::regex_error& error) {
    return fail(ErrorCode::kInvalidArgument, "'{}' is no regular expression: {}", pattern, error.what());
  }
}

}  // namespace

ExpectedFailure ExpectedFailure::with_text(std::string of_kind, std::string words) {
  ExpectedFailure expected(std::move(of_kind));
  expected.text = std::move(words);
  return expected;
}

ExpectedFailure ExpectedFailure::with_pattern(std::string of_kind, std::string words) {
  ExpectedFailure expected(std::move(of_kind));
  expected.pattern = std::move(words);
  return expected;
}

Status ExpectedFailure::validate() const {
  if (kind.empty() && !has_words()) return ok();
  const auto known = enum_from<DetailKind>(kind);
  if (!known || *known == DetailKind::kNote)
    return fail(ErrorCode::kInvalidArgument, "'{}' is not a kind of failure", kind)
        .with_hint("one of \"stuck\", \"unfair\", \"scheduler_stalled\", ...: see DetailKind in ktstr/checks.h");
  if (!text.empty() && !pattern.empty())
    return fail(ErrorCode::kInvalidArgument, "an expected failure has a text or a pattern, not both");
  if (!pattern.empty()) KTSTR_TRY(compiled(pattern));
  return ok();
}

std::string ExpectedFailure::describe() const {
  if (!text.empty()) return fmt::format("{} with '{}'", kind, text);
  if (!pattern.empty()) return fmt::format("{} matching '{}'", kind, pattern);
  return kind;
}

struct ExpectedWords::Pattern {
  std::optional<std::regex> compiled;
};

ExpectedWords::ExpectedWords(const ExpectedFailure& expected) : text_(expected.text) {
  if (expected.pattern.empty()) return;
  pattern_ = std::make_unique<Pattern>();
  if (auto regex = compiled(expected.pattern)) pattern_->compiled = *std::move(regex);
}

ExpectedWords::~ExpectedWords() = default;

bool ExpectedWords::are_in(std::string_view line) const {
  if (!pattern_) return line.find(text_) != std::string_view::npos;
  if (!pattern_->compiled) return false;
  line = line.substr(0, kMostMatched);
  try {
    return std::regex_search(line.begin(), line.end(), *pattern_->compiled);
  } catch (const std::regex_error&) {
    return false;  // too complex for this line
  }
}

}  // namespace ktstr
