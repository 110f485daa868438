// SPDX-License-Identifier: Apache-2.0
//
// The protobuf encoding, field by field (https://protobuf.dev/programming-guides/encoding/), of bytes that nobody
// trusts.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace ktstr {

struct ProtoField {
  std::uint32_t number = 0;
  std::uint64_t value = 0;  // of a varint, or a fixed number
  ByteSpan bytes = {};      // of a text, a message or a packed list; empty for numbers
  bool is_bytes = false;
};

class ProtoReader {
 public:
  explicit ProtoReader(ByteSpan bytes) : bytes_(bytes) {}
  // False at the end, and where what follows is no field: then failed().
  bool next(ProtoField& field);
  bool failed() const { return failed_; }
  std::size_t position() const { return at_; }

 private:
  friend bool read_packed(ByteSpan bytes, std::vector<std::uint64_t>& values);
  bool varint(std::uint64_t& value);
  bool fixed(std::size_t length, std::uint64_t& value);

  ByteSpan bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

// A packed list of varints is added to `values`. False where it is none.
bool read_packed(ByteSpan bytes, std::vector<std::uint64_t>& values);

}  // namespace ktstr
