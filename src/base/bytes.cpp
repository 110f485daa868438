// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <bit>
#include <charconv>

namespace ktstr {

Result<Bytes> parse_bytes(std::string_view text) {
  Bytes value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  int shift = -1;
  if (unit.empty()) shift = 0;
  if (unit == "K" || unit == "KiB") shift = 10;
  if (unit == "M" || unit == "MiB") shift = 20;
  if (unit == "G" || unit == "GiB") shift = 30;
  if (error != std::errc() || shift < 0 || value > (UINT64_MAX >> shift))
    return fail(ErrorCode::kInvalidArgument, "'{}' is not a size; write 512M, 2G or a number of bytes", text);
  return value << shift;
}

std::string format_bytes(Bytes bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  auto value = static_cast<double>(bytes);
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  const bool whole = value == static_cast<double>(static_cast<Bytes>(value));
  return whole ? fmt::format("{} {}", static_cast<Bytes>(value), kUnits[unit])
               : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

void ByteWriter::f64(double value) { u64(std::bit_cast<std::uint64_t>(value)); }

void ByteWriter::text(std::string_view value) {
  u32(static_cast<std::uint32_t>(value.size()));
  raw(as_byte_span(value));
}

void ByteWriter::raw(ByteSpan bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

double ByteReader::f64() { return std::bit_cast<double>(u64()); }

std::string ByteReader::text(std::size_t limit) {
  const std::uint32_t length = u32();
  if (length > limit) failed_ = true;
  return std::string(as_text(raw(length)));
}

ByteSpan ByteReader::raw(std::size_t length) {
  if (failed_ || remaining() < length) {
    failed_ = true;
    return {};
  }
  const ByteSpan part = bytes_.subspan(position_, length);
  position_ += length;
  return part;
}

std::uint32_t ByteReader::count(std::size_t least_element_size) {
  const std::uint32_t n = u32();
  if (n > remaining() / least_element_size) failed_ = true;
  return failed_ ? 0 : n;
}

Status ByteReader::finish(std::string_view what) const {
  if (failed_) return fail(ErrorCode::kCorruptData, "{} ends too early or holds an impossible length", what);
  if (remaining() != 0) return fail(ErrorCode::kCorruptData, "{} has {} bytes more than its fields", what, remaining());
  return ok();
}

}  // namespace ktstr
