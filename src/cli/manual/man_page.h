// SPDX-License-Identifier: Apache-2.0
//
// Manual pages in roff, with the macros of man(7).
#pragma once

#include <string>
#include <string_view>

#include "cli/manual/command_tree.h"

namespace ktstr::cli {

// "ktstr", "ktstr-run".
std::string page_name(const CommandNode& command);

// Of `ktstr` itself or of one of its commands, with all that is below it. `date`: "2026-01-31"; `version`: "ktstr
// 0.1.0".
std::string man_page(const CommandNode& root, const CommandNode& command, std::string_view date,
                     std::string_view version);

}  // namespace ktstr::cli
