// SPDX-License-Identifier: Apache-2.0
//
// Bytes and their sizes. ByteReader and ByteWriter are the one way that binary data crosses the mailbox: little endian,
// lengths before contents, every read bounds-checked. A reader that has failed once stays failed and returns zeros, so
// a decoder can read a whole record and ask once at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ktstr {

using ByteSpan = std::span<const std::byte>;
using MutableByteSpan = std::span<std::byte>;
using ByteVector = std::vector<std::byte>;

// A size in bytes: 64_MiB.
using Bytes = std::uint64_t;
namespace literals {
constexpr Bytes operator""_KiB(unsigned long long n) { return n << 10; }
constexpr Bytes operator""_MiB(unsigned long long n) { return n << 20; }
constexpr Bytes operator""_GiB(unsigned long long n) { return n << 30; }
}  // namespace literals

inline ByteSpan as_byte_span(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }
inline std::string_view as_text(ByteSpan bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// "64M", "2G", "512K", "4096" -> bytes. Binary multiples.
Result<Bytes> parse_bytes(std::string_view text);
// "64 MiB", "1.5 GiB".
std::string format_bytes(Bytes bytes);

class ByteWriter {
 public:
  void u8(std::uint8_t value) { integer(value); }
  void u16(std::uint16_t value) { integer(value); }
  void u32(std::uint32_t value) { integer(value); }
  void u64(std::uint64_t value) { integer(value); }
  void i64(std::int64_t value) { integer(static_cast<std::uint64_t>(value)); }
  void f64(double value);
  // u32 length, then the bytes.
  void text(std::string_view value);
  void raw(ByteSpan bytes);

  const ByteVector& bytes() const { return bytes_; }
  ByteVector take() { return std::move(bytes_); }

 private:
  template <typename T>
  void integer(T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) bytes_.push_back(static_cast<std::byte>(value >> (8 * i)));
  }
  ByteVector bytes_;
};

class ByteReader {
 public:
  explicit ByteReader(ByteSpan bytes) : bytes_(bytes) {}

  std::uint8_t u8() { return integer<std::uint8_t>(); }
  std::uint16_t u16() { return integer<std::uint16_t>(); }
  std::uint32_t u32() { return integer<std::uint32_t>(); }
  std::uint64_t u64() { return integer<std::uint64_t>(); }
  std::int64_t i64() { return static_cast<std::int64_t>(u64()); }
  double f64();
  // Longer than `limit` is a failure, not a truncation.
  std::string text(std::size_t limit = 1 << 20);
  ByteSpan raw(std::size_t length);
  // Reads a u32 element count; fails where `count * least_element_size` cannot fit in what is left.
  std::uint32_t count(std::size_t least_element_size);

  bool failed() const { return failed_; }
  std::size_t remaining() const { return bytes_.size() - position_; }
  // An error where something was missing or something is left over. `what` names the record.
  Status finish(std::string_view what) const;

 private:
  template <typename T>
  T integer() {
    if (failed_ || remaining() < sizeof(T)) {
      failed_ = true;
      return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) value |= static_cast<std::uint64_t>(bytes_[position_ + i]) << (8 * i);
    position_ += sizeof(T);
    return static_cast<T>(value);
  }
  ByteSpan bytes_;
  std::size_t position_ = 0;
  bool failed_ = false;
};

}  // namespace ktstr
