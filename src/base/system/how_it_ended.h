// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace ktstr {

// What ExitStatus::describe() says, as what a process did: "its process exited with status 1", "... was killed by
// signal 9 (SIGKILL)".
inline std::string how_it_ended(std::string_view exit) {
  return (exit.starts_with("killed ") ? "was " : "") + std::string(exit);
}

}  // namespace ktstr
