// SPDX-License-Identifier: Apache-2.0
//
// How the kernel lays out an event in its ring: the event's `format` file in tracefs (kernel/trace/trace_events.c). It
// comes from a guest that nobody trusts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace ktstr {

struct FormatField {
  std::string name;
  std::uint32_t offset = 0, size = 0;
  bool is_signed = false;
  bool is_text = false;       // char[N]
  bool is_elsewhere = false;  // __data_loc: offset and length of the text, 16 bits each
  bool operator==(const FormatField&) const = default;
};

struct EventFormat {
  std::string name;
  std::uint32_t id = 0;
  std::vector<FormatField> fields;
  std::string print;  // its "print fmt"
  const FormatField* field(std::string_view wanted) const;
};
Result<EventFormat> parse_event_format(std::string_view text);

// Out of an event's bytes; none where they are too short for it. A number has up to 8 bytes.
std::optional<std::uint64_t> number_in(ByteSpan event, const FormatField& field);
// Up to the first 0.
std::optional<std::string_view> text_in(ByteSpan event, const FormatField& field);

}  // namespace ktstr
