// SPDX-License-Identifier: Apache-2.0
//
// Words on a command line of sh.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ktstr {

// One word for sh. Left as it is where nothing in it is special.
std::string shell_quote(std::string_view word);
// Words, quoted, with a space between them; split_command() and sh read them back.
std::string shell_join(const std::vector<std::string>& words);

}  // namespace ktstr
