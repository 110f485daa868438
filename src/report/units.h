// SPDX-License-Identifier: Apache-2.0
//
// How numbers and foreign text look in a report: three digits are enough to decide what to do next, and nothing that a
// guest printed may move the reader's cursor.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ktstr {

// "0", "950ns", "12.3us", "4.01s".
std::string short_duration(std::uint64_t ns);
// "99999", "123k", "1.23M".
std::string short_count(std::uint64_t count);
// "0%", "0.4%", "12.3%", "100%"; "-" for what is not a number.
std::string short_percent(double percent);
// "backdrop", "1".
std::string step_text(int step);
// One line of what others print: without escape sequences and control characters of ASCII; tabs become blanks, the rest
// is escaped (base/text/printable.h).
std::string printable(std::string_view text);
// Cut at blanks into lines of at most `width` characters; a word that is longer stays whole.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);
// At most `width` characters, the last two of them ".." where something was left out.
std::string shortened(std::string_view text, std::size_t width);

}  // namespace ktstr
