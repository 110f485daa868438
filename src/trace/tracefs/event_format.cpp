// SPDX-License-Identifier: Apache-2.0
#include "trace/tracefs/event_format.h"

#include <algorithm>

#include "base/text/trimmed.h"
#include "base/text/whole_number.h"

namespace ktstr {

namespace {

constexpr std::size_t kMostFields = 64, kMostFormat = 64 << 10;
constexpr std::uint32_t kMostOffset = 1 << 16;  // no part of a ring is larger than an event's offsets reach

// "key:value" of the parts that ';' ends.
std::optional<std::string_view> value_of(std::string_view line, std::string_view key) {
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find(';', at), line.size());
    const std::string_view part = trimmed(line.substr(at, end - at));
    if (part.starts_with(key)) return trimmed(part.substr(key.size()));
    at = end + 1;
  }
  return {};
}

// "	field:char prev_comm[16];	offset:8;	size:16;	signed:0;"
Result<FormatField> field_in(std::string_view line) {
  const auto declared = value_of(line, "field:");
  const auto offset = value_of(line, "offset:"), size = value_of(line, "size:"), sign = value_of(line, "signed:");
  const auto bad = [&] { return fail(ErrorCode::kCorruptData, "a field of an event is declared as '{}'", line); };
  if (!declared || !offset || !size) return bad();
  const auto offset_number = parse_whole_number<std::uint32_t>(*offset, 0, kMostOffset);
  const auto size_number = parse_whole_number<std::uint32_t>(*size, 0, kMostOffset);
  if (!offset_number || !size_number) return bad();
  std::string_view name = *declared;
  const std::size_t bracket = name.find('[');
  const bool is_elsewhere = name.starts_with("__data_loc ");
  const bool is_array = bracket != std::string_view::npos;
  const bool is_char = name.find("char") != std::string_view::npos;
  // Of "__data_loc char[] name" the brackets belong to the type.
  if (is_array && !is_elsewhere) name = name.substr(0, bracket);
  const std::size_t blank = name.find_last_of(" \t*");
  if (blank != std::string_view::npos) name = name.substr(blank + 1);
  if (name.empty()) return bad();
  return FormatField{.name = std::string(name),
                     .offset = *offset_number,
                     .size = *size_number,
                     .is_signed = sign && *sign == "1",
                     .is_text = is_array && is_char && !is_elsewhere,
                     .is_elsewhere = is_elsewhere};
}

}  // namespace

const FormatField* EventFormat::field(std::string_view wanted) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& each) { return each.name == wanted; });
  return found == fields.end() ? nullptr : &*found;
}

Result<EventFormat> parse_event_format(std::string_view text) {
  if (text.size() > kMostFormat)
    return fail(ErrorCode::kCorruptData, "the format of an event has {} bytes", text.size());
  EventFormat format;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = trimmed(text.substr(at, end - at));
    at = end + 1;
    if (line.starts_with("name:")) format.name = trimmed(line.substr(5));
    if (line.starts_with("print fmt:")) format.print = trimmed(line.substr(10));
    if (line.starts_with("ID:")) {
      const auto id = parse_whole_number<std::uint32_t>(trimmed(line.substr(3)), 0, UINT32_MAX);
      if (!id) return fail(ErrorCode::kCorruptData, "an event's number is '{}'", line);
      format.id = *id;
    }
    if (!line.starts_with("field:")) continue;
    KTSTR_TRY_ASSIGN(FormatField field, field_in(line));
    if (format.fields.size() == kMostFields) return fail(ErrorCode::kCorruptData, "an event has too many fields");
    format.fields.push_back(std::move(field));
  }
  if (format.fields.empty()) return fail(ErrorCode::kCorruptData, "the format of an event has no fields");
  return format;
}

std::optional<std::uint64_t> number_in(ByteSpan event, const FormatField& field) {
  if (field.size == 0 || field.size > 8 || field.offset > event.size() || field.size > event.size() - field.offset)
    return {};
  std::uint64_t number = 0;
  for (std::uint32_t i = 0; i < field.size; ++i)
    number |= std::to_integer<std::uint64_t>(event[field.offset + i]) << (8 * i);
  const unsigned unused = 64 - 8 * field.size;
  if (!field.is_signed || unused == 0) return number;
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(number << unused) >> unused);
}

std::optional<std::string_view> text_in(ByteSpan event, const FormatField& field) {
  std::size_t offset = field.offset, size = field.size;
  if (field.is_elsewhere) {
    const auto where = number_in(event, field);
    if (!where || field.size != 4) return {};
    offset = *where & 0xffff;
    size = *where >> 16 & 0xffff;
  } else if (!field.is_text) {
    return {};
  }
  if (offset > event.size() || size > event.size() - offset) return {};
  const std::string_view text = as_text(event.subspan(offset, size));
  return text.substr(0, text.find('\0'));
}

}  // namespace ktstr
