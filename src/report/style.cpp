// SPDX-License-Identifier: Apache-2.0
#include "report/style.h"

#include <fmt/core.h>

namespace ktstr {

namespace {

struct Word {
  std::string_view text;
  std::string_view color;
};

Word word_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPass:
      return {"PASS", "32"};
    case Outcome::kFail:
      return {"FAIL", "31"};
    case Outcome::kInconclusive:
      return {"INCONCLUSIVE", "33"};
    case Outcome::kSkip:
      return {"SKIP", "33"};
    case Outcome::kInfrastructure:
    case Outcome::kBadInput:
      return {"ERROR", "33"};
    case Outcome::kInterrupted:
      return {"INTERRUPTED", "33"};
  }
  return {"UNKNOWN", "33"};
}

}  // namespace

std::string Style::verdict(Outcome outcome) const {
  const Word word = word_of(outcome);
  return painted(fmt::format("1;{}", word.color), word.text);
}

std::string Style::painted(std::string_view code, std::string_view text) const {
  return color_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

}  // namespace ktstr
