// SPDX-License-Identifier: Apache-2.0
#include "runner/detail_text.h"

namespace ktstr {

Detail failure(DetailKind kind, std::string message) {
  return {.verdict = Verdict::kFail, .kind = kind, .message = std::move(message)};
}

std::string last_words(const std::vector<std::string>& log) {
  for (auto it = log.rbegin(); it != log.rend(); ++it)
    if (it->find_first_not_of(" \t\r") != std::string::npos) return *it;
  return "";
}

std::string with_words(std::string message, const std::string& words) {
  return words.empty() ? message : message + ": " + words;
}

}  // namespace ktstr
