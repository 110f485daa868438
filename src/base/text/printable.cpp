// SPDX-License-Identifier: Apache-2.0
#include "base/text/printable.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

namespace ktstr {

namespace {

constexpr std::array<std::string_view, 5> kOurCodes = {"\x1b[0m", "\x1b[1m", "\x1b[1;31m", "\x1b[1;32m", "\x1b[1;33m"};

struct Character {
  std::uint32_t code = 0;
  std::size_t length = 0;  // in bytes; 0: the first byte begins no UTF-8
};

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  if (length == 0 || lead > 0xf4 || text.size() < length) return {};
  std::uint32_t code = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3fU);
  }
  constexpr std::array<std::uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < kLeast[length] || code > 0x10ffff || surrogate) return {};
  return {code, length};
}

bool acts_on_the_terminal(std::uint32_t code) {
  if (code == '\n' || code == '\t') return false;
  if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return true;
  if (code == 0x061c || code == 0x200e || code == 0x200f) return true;
  return (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

std::size_t length_of_our_code(std::string_view text) {
  const auto* const code =
      std::find_if(kOurCodes.begin(), kOurCodes.end(), [&](std::string_view one) { return text.starts_with(one); });
  return code == kOurCodes.end() ? 0 : code->size();
}

}  // namespace

std::string escaped(std::string_view text, Colors colors) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    std::size_t length = colors == Colors::kOurs && text.front() == '\x1b' ? length_of_our_code(text) : 0;
    if (length != 0) {
      clean += text.substr(0, length);
    } else {
      const Character next = first_character(text);
      length = std::max<std::size_t>(next.length, 1);
      if (next.length == 0)
        fmt::format_to(std::back_inserter(clean), "\\x{:02x}", static_cast<unsigned char>(text.front()));
      else if (acts_on_the_terminal(next.code))
        fmt::format_to(std::back_inserter(clean), "\\u{:04x}", next.code);
      else
        clean += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return clean;
}

}  // namespace ktstr
