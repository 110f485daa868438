// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "ktstr/checks.h"

namespace ktstr {

AssertResult AssertResult::skip(std::string why) {
  AssertResult result;
  result.skipped = true;
  result.details.push_back({.verdict = Verdict::kSkip, .kind = DetailKind::kNote, .message = std::move(why)});
  return result;
}

AssertResult AssertResult::fail(std::string message) {
  AssertResult result;
  result.details.push_back({.verdict = Verdict::kFail, .kind = DetailKind::kUser, .message = std::move(message)});
  return result;
}

AssertResult& AssertResult::claim(bool holds, std::string what) {
  if (!holds)
    details.push_back(
        {.verdict = Verdict::kFail, .kind = DetailKind::kUser, .message = "claim does not hold: " + what});
  add_checked(std::move(what));
  return *this;
}

void AssertResult::add_checked(std::string text, int step) { checked.push_back({std::move(text), step}); }

Verdict AssertResult::verdict() const {
  Verdict worst = skipped ? Verdict::kSkip : Verdict::kPass;
  for (const Detail& detail : details) worst = std::max(worst, detail.verdict);
  return worst;
}

const ProcsCapture* AssertResult::capture(std::string_view tag) const {
  const auto found = std::find_if(captures.begin(), captures.end(), [&](const auto& each) { return each.tag == tag; });
  return found == captures.end() ? nullptr : &*found;
}

void AssertResult::merge(AssertResult other) {
  const auto append = [](auto& to, auto& from) { std::move(from.begin(), from.end(), std::back_inserter(to)); };
  skipped = skipped && other.skipped;
  append(details, other.details);
  append(cgroups, other.cgroups);
  append(payloads, other.payloads);
  append(captures, other.captures);
  for (Checked& line : other.checked)
    if (std::find(checked.begin(), checked.end(), line) == checked.end()) checked.push_back(std::move(line));
}

}  // namespace ktstr
