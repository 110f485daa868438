// SPDX-License-Identifier: Apache-2.0
#include "base/text/json_fault.h"

#include <fmt/core.h>

#include <algorithm>

namespace ktstr {

namespace {

// Between two marks; empty where they are not there.
std::string_view between(std::string_view text, std::string_view before, std::string_view after) {
  const std::size_t at = text.find(before);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + before.size());
  const std::size_t end = text.find(after);
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end);
}

}  // namespace

// The library's texts, which have not changed since its version 3.0: "[json.exception.NAME.ID] parse error at line 1,
// column 2: ...", "... key 'x' not found", "... type must be string, but is number".
std::string json_fault(int id, std::string_view what) {
  constexpr int kParseErrors = 200;  // 1xx
  constexpr int kNoKey = 403, kTooLarge = 406, kNoObject = 304;
  if (id < kParseErrors) {
    const std::string_view where = between(what, "parse error at ", ":");
    return where.empty() ? "it is not JSON" : fmt::format("it is not JSON at {}", where);
  }
  if (id == kNoKey) return fmt::format("it has no '{}'", between(what, "key '", "' not found"));
  if (id == kTooLarge)
    return fmt::format("the number {} is too large", between(what, "number overflow parsing '", "'"));
  if (id == kNoObject) return "a value has another type: it must be an object";
  const std::string_view wanted = between(what, "type must be ", ", but is ");
  if (wanted.empty()) return fmt::format("it is not what was written (JSON fault {})", id);
  const std::size_t is = what.find(", but is ");
  return fmt::format("a value has another type: it must be a {}, and is a {}", wanted, what.substr(is + 9));
}

}  // namespace ktstr
