// SPDX-License-Identifier: Apache-2.0
//
// Text of others in formats that have characters of their own. A test's name and a scheduler's last words may hold
// anything.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace ktstr {

// Each of these characters by what stands for it.
inline std::string with_replaced(std::string_view text,
                                 std::initializer_list<std::pair<char, std::string_view>> replacements) {
  std::string made;
  made.reserve(text.size());
  for (const char c : text) {
    const auto* found = replacements.begin();
    while (found != replacements.end() && found->first != c) ++found;
    if (found == replacements.end())
      made += c;
    else
      made += found->second;
  }
  return made;
}

}  // namespace ktstr
