// SPDX-License-Identifier: Apache-2.0
//
// Text of others on a person's terminal: file names, guests, kernels, QEMU. Whatever could move the cursor, change the
// terminal or turn the order of what is read is shown as its number instead.
#pragma once

#include <string>
#include <string_view>

namespace ktstr {

// Our own colours are these and no others (ECMA-48, SGR): bold, and bold red, green and yellow.
enum class Colors { kNone, kOurs };

// Newlines and tabs stay. Other control characters (C0, DEL, C1) and those that change the direction or the lines of
// text (U+061C, U+200E/F, U+2028/9, U+202A-202E, U+2066-2069) become \u001b; a byte that is no UTF-8 becomes \x9b. JSON
// stays the same JSON. With Colors::kOurs our own colour codes stay: for text whose foreign parts were escaped before.
std::string escaped(std::string_view text, Colors colors = Colors::kNone);

}  // namespace ktstr
