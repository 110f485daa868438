// SPDX-License-Identifier: Apache-2.0
//
// All that a person reads goes through here: stdout, stderr, and a line at the bottom of the terminal that says what is
// going on. What else is written goes above that line, whole. Control characters are escaped (base/text/printable.h):
// only our own colours come through, and only to a terminal.
#pragma once

#include <string_view>

#include "base/result.h"

namespace ktstr {

// Draws the line on stderr, or another one in its place; "" takes it away. Only for a stderr that is a terminal.
void set_status_line(std::string_view text);

// All of `text`, which ends with a newline, to `fd`; no other thread's output comes between.
Status write_above_status_line(int fd, std::string_view text);

}  // namespace ktstr
