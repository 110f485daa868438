// SPDX-License-Identifier: Apache-2.0
//
// Whether a line has the words of an ExpectedFailure.
#pragma once

#include <memory>
#include <string_view>

#include "ktstr/expected_failure.h"

namespace ktstr {

class ExpectedWords {
 public:
  // A pattern that is none is in no line: validate() has said so before.
  explicit ExpectedWords(const ExpectedFailure& expected);
  ~ExpectedWords();
  ExpectedWords(const ExpectedWords&) = delete;
  ExpectedWords& operator=(const ExpectedWords&) = delete;

  // Of a long line a pattern sees the beginning: each character costs the more, the more were before it.
  static constexpr std::size_t kMostMatched = 1024;
  bool are_in(std::string_view line) const;

 private:
  struct Pattern;
  std::string text_;
  std::unique_ptr<Pattern> pattern_;
};

}  // namespace ktstr
