// SPDX-License-Identifier: Apache-2.0
//
// A scheduler as people write it: its program and its arguments, in one text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ktstr {

// "PATH ARG..." cut into words: quotes and backslashes as in sh, nothing else. kInvalidArgument on an open quote.
Result<std::vector<std::string>> split_command(std::string_view command);

}  // namespace ktstr
