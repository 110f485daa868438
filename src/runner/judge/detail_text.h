// SPDX-License-Identifier: Apache-2.0
//
// How the sentences of findings are put together.
#pragma once

#include <string>
#include <vector>

#include "ktstr/checks.h"

namespace ktstr {

Detail failure(DetailKind kind, std::string message);

// The last line a program printed that says something; "" where there is none.
std::string last_words(const std::vector<std::string>& log);

// The first line that names an error, which in a program's help or a backtrace is not the last; the last one without.
std::string error_words(const std::vector<std::string>& log);

// "MESSAGE: WORDS", or the message alone where there are no words.
std::string with_words(const std::string& message, const std::string& words);

}  // namespace ktstr
