// SPDX-License-Identifier: Apache-2.0
//
// The failure that a test is expected to have: of a kind, and where that is not enough, with words that say which of
// that kind. Anything else is a failure of the test: a pass, another kind, the kind with other words.
#pragma once

#include <string>

#include "base/result.h"

namespace ktstr {

struct ExpectedFailure {
  // The text of a DetailKind: "stuck", "scheduler_crashed". Empty: a pass is expected.
  std::string kind;
  // Of both one at most. Looked for in the failure's message and in what was said beside it: of a scheduler_* kind in
  // the scheduler's exit message, its dump and its log (the verifier's, where it was rejected), of a fault of the
  // kernel in the kernel's log, of a body's end in the body's log. The text as it is, in one line; the pattern is a
  // regular expression (ECMAScript) that one line must match somewhere.
  std::string text, pattern;

  ExpectedFailure() = default;
  ExpectedFailure(const char* of_kind) : kind(of_kind) {}
  ExpectedFailure(std::string of_kind) : kind(std::move(of_kind)) {}
  static ExpectedFailure with_text(std::string of_kind, std::string words);
  static ExpectedFailure with_pattern(std::string of_kind, std::string words);

  bool empty() const { return kind.empty(); }
  bool has_words() const { return !text.empty() || !pattern.empty(); }
  // kInvalidArgument: no such kind, words without one, both, or a pattern that is none.
  Status validate() const;
  // "scheduler_crashed", "scheduler_crashed with 'boom'", "scheduler_crashed matching 'bo+m'".
  std::string describe() const;
  friend bool operator==(const ExpectedFailure&, const ExpectedFailure&) = default;
};

}  // namespace ktstr
