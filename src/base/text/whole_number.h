// SPDX-License-Identifier: Apache-2.0
//
// Whole numbers that a person wrote.
#pragma once

#include <charconv>
#include <string_view>

#include "base/result.h"

namespace ktstr {

template <typename T>
Result<T> parse_whole_number(std::string_view text, T least, T most) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= least && value <= most) return value;
  return fail(ErrorCode::kInvalidArgument, "'{}' is not a whole number from {} to {}", text, least, most);
}

}  // namespace ktstr
