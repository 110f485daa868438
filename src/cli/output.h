// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"

namespace ktstr::cli {

// To stdout, at once: a full disk is an error and no lost report. A reader that has gone wants no more: that is no
// error, but the end of what runs (runner/interrupt.h).
Status print_out(std::string_view text);
// Of the terminal on stdout, 80 where it does not say; 0: stdout is none, and lines are as long as they are.
std::size_t stdout_columns();

// Whether it is a terminal whose user wants colours.
bool stdout_takes_colors();

// What main() returns for a command that ended with `status`: 141 when nobody reads what it printed.
int exit_of(int status);

}  // namespace ktstr::cli
