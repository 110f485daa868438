// SPDX-License-Identifier: Apache-2.0
//
// One record of /dev/kmsg (Documentation/ABI/testing/dev-kmsg): "6,1234,5678,-;text\n KEY=value". Any program that runs
// as root can write there, and the facility is what tells its words from the kernel's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ktstr {

struct KernelMessage {
  bool of_kernel = false;  // else a program wrote it there
  unsigned level = 0;
  std::uint64_t sequence = 0;
  std::uint64_t microseconds = 0;  // since the boot
  std::string_view text;           // its first line
};
std::optional<KernelMessage> parse_kernel_message(std::string_view kmsg_record);

}  // namespace ktstr
