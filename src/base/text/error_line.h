// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"

namespace ktstr {

// The message, and the hint after it where there is one: for lists of one line an error.
inline std::string in_one_line(const Error& error) {
  return error.hint().empty() ? error.message() : error.message() + "; " + error.hint();
}

}  // namespace ktstr
