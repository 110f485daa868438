// SPDX-License-Identifier: Apache-2.0
//
// Whether an expected failure came with the words that it was expected with.
#pragma once

#include <string>

#include "ktstr/expected_failure.h"
#include "results/run_record.h"
#include "runner/collector.h"

namespace ktstr {

// Of a record with a failure of that kind: where the words are, "in its message", "in the scheduler's dump". Empty:
// nowhere. Without words: "in its message".
std::string where_expected_words_are(const ExpectedFailure& expected, const GuestStory& story, const RunRecord& record);

// Whether a part of what was looked through is not kept, so that the words may have been there.
bool may_have_been_said(const ExpectedFailure& expected, const GuestStory& story);

// For people, where no failure of the kind came, and where one came that says something else.
std::string what_came_instead(const std::string& kind, const RunRecord& record);
std::string what_else_was_said(const ExpectedFailure& expected, const RunRecord& record);

}  // namespace ktstr
