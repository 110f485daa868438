// SPDX-License-Identifier: Apache-2.0
#include "base/text/kernel_message.h"

#include <charconv>

namespace ktstr {

std::optional<KernelMessage> parse_kernel_message(std::string_view kmsg_record) {
  const std::size_t semicolon = kmsg_record.find(';');
  if (semicolon == std::string_view::npos) return {};
  std::uint64_t fields[3] = {};  // facility and level, sequence number, microseconds
  const char* at = kmsg_record.data();
  const char* const end = at + semicolon;
  for (std::uint64_t& field : fields) {
    const auto parsed = std::from_chars(at, end, field);
    if (parsed.ec != std::errc()) return {};
    at = parsed.ptr < end && *parsed.ptr == ',' ? parsed.ptr + 1 : parsed.ptr;
  }
  const std::string_view text = kmsg_record.substr(semicolon + 1);
  return KernelMessage{.of_kernel = fields[0] < 8,
                       .level = static_cast<unsigned>(fields[0] & 7),
                       .sequence = fields[1],
                       .microseconds = fields[2],
                       .text = text.substr(0, text.find('\n'))};
}

}  // namespace ktstr
