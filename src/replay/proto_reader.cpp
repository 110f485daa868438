// SPDX-License-Identifier: Apache-2.0
#include "replay/proto_reader.h"

namespace ktstr {

bool ProtoReader::varint(std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && at_ < bytes_.size(); shift += 7) {
    const auto byte = static_cast<std::uint64_t>(bytes_[at_++]);
    value |= (byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  failed_ = true;
  return false;
}

bool ProtoReader::fixed(std::size_t length, std::uint64_t& value) {
  if (bytes_.size() - at_ < length) {
    failed_ = true;
    return false;
  }
  value = 0;
  for (std::size_t i = 0; i < length; ++i) value |= static_cast<std::uint64_t>(bytes_[at_ + i]) << (8 * i);
  at_ += length;
  return true;
}

bool ProtoReader::next(ProtoField& field) {
  if (failed_ || at_ >= bytes_.size()) return false;
  std::uint64_t key = 0;
  if (!varint(key)) return false;
  field = {};
  field.number = static_cast<std::uint32_t>(key >> 3);
  if (key >> 3 == 0 || key >> 32 != 0) {
    failed_ = true;
    return false;
  }
  switch (key & 7) {
    case 0:
      return varint(field.value);
    case 1:
      return fixed(8, field.value);
    case 2: {
      std::uint64_t length = 0;
      if (!varint(length)) return false;
      if (length > bytes_.size() - at_) break;
      field.bytes = bytes_.subspan(at_, static_cast<std::size_t>(length));
      field.is_bytes = true;
      at_ += static_cast<std::size_t>(length);
      return true;
    }
    case 5:
      return fixed(4, field.value);
    default:
      break;
  }
  failed_ = true;
  return false;
}

bool read_packed(ByteSpan bytes, std::vector<std::uint64_t>& values) {
  ProtoReader reader(bytes);
  while (reader.at_ < bytes.size()) {
    std::uint64_t value = 0;
    if (!reader.varint(value)) return false;
    values.push_back(value);
  }
  return true;
}

}  // namespace ktstr
