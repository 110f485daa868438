// SPDX-License-Identifier: Apache-2.0
//
// What the guest's kernel said last on its serial console, and what that means.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "engine/watch/guest_end.h"

namespace ktstr {

// The end of a console file, carriage returns and escape sequences removed; the first line may be cut off. A file that
// is not there is empty: QEMU never came to make it.
Result<std::string> read_console_tail(const std::filesystem::path& path, Bytes limit = Bytes{1} << 20);

// At most `count` lines from the end, empty ones left out.
std::vector<std::string> last_lines(std::string_view text, std::size_t count);

struct ConsoleFinding {
  GuestEnd end = GuestEnd::kKernelPanic;  // or kOutOfMemory, kKernelStall
  std::string line;                       // the kernel's words, without its time stamp
};
// Empty when nothing there explains why a guest would end or stop. Of several explanations the cause wins: memory that
// ran out over the panic it led to, a panic over a stall before it.
std::optional<ConsoleFinding> classify_console(std::string_view text);

}  // namespace ktstr
