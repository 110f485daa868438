// SPDX-License-Identifier: Apache-2.0
#include "trace/testing/resealed_trace.h"

#include <xxhash.h>

#include <cstring>

namespace ktstr {

namespace {

// Seals one part: its first bytes, a hash, `length` bytes. Where the part ends; 0: it is not whole.
std::size_t seal(ByteVector& file, std::size_t at, std::size_t start, std::size_t length) {
  if (file.size() - at < start + 8 || file.size() - at - start - 8 < length) return 0;
  const std::byte* const contents = file.data() + at + start + 8;
  const std::uint64_t hash = XXH3_64bits_withSeed(contents, length, XXH3_64bits(file.data() + at, start));
  std::memcpy(file.data() + at + start, &hash, sizeof hash);
  return at + start + 8 + length;
}

std::uint32_t word(const ByteVector& file, std::size_t at) {
  std::uint32_t value = 0;
  if (at + sizeof value <= file.size()) std::memcpy(&value, file.data() + at, sizeof value);
  return value;
}

}  // namespace

ByteVector resealed_trace(ByteVector file) {
  if (file.size() < 24) return file;
  std::size_t at = seal(file, 0, 16, word(file, 12));
  while (at != 0 && at < file.size()) at = seal(file, at, 16, word(file, at + 4));
  return file;
}

}  // namespace ktstr
