// SPDX-License-Identifier: Apache-2.0
//
// As much of the protobuf encoding as a trace needs: numbers, texts and messages within messages
// (https://protobuf.dev/programming-guides/encoding/).
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/bytes.h"

namespace ktstr {

class ProtoWriter {
 public:
  // int32, int64, uint32, uint64, bool and enums: a negative number takes ten bytes.
  template <std::integral T>
  void number(std::uint32_t field, T value) {
    reserve(20);
    varint(field << 3);
    varint(static_cast<std::uint64_t>(static_cast<std::int64_t>(value)));
  }
  void text(std::uint32_t field, std::string_view value) {
    reserve(20 + value.size());
    varint(field << 3 | 2);
    varint(value.size());
    if (!value.empty()) std::memcpy(bytes_.data() + used_, value.data(), value.size());
    used_ += value.size();
  }
  // Fields that were written before.
  void append(ByteSpan fields) {
    reserve(fields.size());
    if (!fields.empty()) std::memcpy(bytes_.data() + used_, fields.data(), fields.size());
    used_ += fields.size();
  }

  // A message of which the fields follow; close() takes what open() gave. Its length takes always four bytes, so that
  // nothing has to be moved.
  std::size_t open(std::uint32_t field) {
    reserve(20);
    varint(field << 3 | 2);
    used_ += kLengthBytes;
    return used_;
  }
  void close(std::size_t opened) {
    std::uint64_t length = used_ - opened;
    for (std::size_t i = 0; i < kLengthBytes; ++i, length >>= 7) {
      const bool last = i + 1 == kLengthBytes;
      bytes_[opened - kLengthBytes + i] = static_cast<std::byte>((length & 0x7f) | (last ? 0 : 0x80));
    }
  }

  ByteSpan bytes() const { return ByteSpan(bytes_).first(used_); }
  void clear() { used_ = 0; }

 private:
  static constexpr std::size_t kLengthBytes = 4;
  void reserve(std::size_t more) {
    if (bytes_.size() - used_ < more) bytes_.resize(2 * bytes_.size() + more);
  }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_[used_++] = static_cast<std::byte>(value | 0x80);
    bytes_[used_++] = static_cast<std::byte>(value);
  }
  ByteVector bytes_;
  std::size_t used_ = 0;
};

}  // namespace ktstr
