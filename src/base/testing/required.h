// SPDX-License-Identifier: Apache-2.0
//
// Only tests include this.
#pragma once

#include <cstdlib>
#include <string>

namespace ktstr {

// Whether a test must fail, not be skipped, where the machine lacks `what` ("root", "vm"): KTSTR_REQUIRE names it, one
// of several with commas between.
inline bool is_required(const std::string& what) {
  const char* required = std::getenv("KTSTR_REQUIRE");
  return required != nullptr && ("," + std::string(required) + ",").find("," + what + ",") != std::string::npos;
}

}  // namespace ktstr
