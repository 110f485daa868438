// SPDX-License-Identifier: Apache-2.0
//
// Bounds-checked random access into bytes that we did not write: kernel images, ELF files, BTF. What does not fit is
// nullopt; no combination of offset and length can overflow. Little endian, like every kernel that ktstr boots.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"

namespace ktstr {

inline std::optional<ByteSpan> slice(ByteSpan bytes, std::uint64_t offset, std::uint64_t length) {
  if (offset > bytes.size() || length > bytes.size() - offset) return std::nullopt;
  return bytes.subspan(offset, length);
}

template <typename T>
std::optional<T> load(ByteSpan bytes, std::uint64_t offset) {
  static_assert(std::is_integral_v<T>);
  const auto field = slice(bytes, offset, sizeof(T));
  if (!field) return std::nullopt;
  T value;
  std::memcpy(&value, field->data(), sizeof(T));
  return value;
}

// The NUL-terminated string at `offset`; nullopt when the bytes end before the NUL.
inline std::optional<std::string_view> c_string_at(ByteSpan bytes, std::uint64_t offset) {
  if (offset >= bytes.size()) return std::nullopt;
  const ByteSpan rest = bytes.subspan(offset);
  const void* end = std::memchr(rest.data(), 0, rest.size());
  if (end == nullptr) return std::nullopt;
  const auto length = static_cast<std::size_t>(static_cast<const std::byte*>(end) - rest.data());
  return as_text(rest.first(length));
}

}  // namespace ktstr
