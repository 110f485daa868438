// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/detail_text.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace ktstr {

Detail failure(DetailKind kind, std::string message) {
  return {.verdict = Verdict::kFail, .kind = kind, .message = std::move(message)};
}

std::string last_words(const std::vector<std::string>& log) {
  for (auto it = log.rbegin(); it != log.rend(); ++it)
    if (it->find_first_not_of(" \t\r") != std::string::npos) return *it;
  return "";
}

std::string error_words(const std::vector<std::string>& log) {
  constexpr std::string_view kErrors[] = {"error", "fail", "invalid", "unrecognized", "cannot"};
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  const auto found = std::find_if(log.begin(), log.end(), [&](const std::string& line) {
    return std::any_of(std::begin(kErrors), std::end(kErrors), [&](std::string_view word) {
      return std::search(line.begin(), line.end(), word.begin(), word.end(), same) != line.end();
    });
  });
  return found == log.end() ? last_words(log) : *found;
}

std::string with_words(const std::string& message, const std::string& words) {
  return words.empty() ? message : message + ": " + words;
}

}  // namespace ktstr
