// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "wire/field_codec.h"

namespace ktstr {

bool is_rising_list(std::string_view list) {
  const char* at = list.data();
  const char* const end = at + list.size();
  long last = -1;
  while (at != end) {
    int first = 0;
    auto parsed = std::from_chars(at, end, first);
    if (parsed.ec != std::errc() || first <= last) return false;
    last = first;
    if (parsed.ptr != end && *parsed.ptr == '-') {
      int to = 0;
      parsed = std::from_chars(parsed.ptr + 1, end, to);
      if (parsed.ec != std::errc() || to <= first) return false;
      last = to;
    }
    at = parsed.ptr;
    if (at == end) return true;
    if (*at != ',' || ++at == end) return false;
  }
  return true;
}

}  // namespace ktstr
