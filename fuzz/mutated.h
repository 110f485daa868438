// SPDX-License-Identifier: Apache-2.0
//
// How a fuzz target gets past the first check of a format that no random bytes pass: it starts from a valid file and
// lets the fuzzer edit it. The first byte of the input chooses; inputs without a base are parsed as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace ktstr::fuzz {

// `bases` are valid files; choice 0 is the input itself. After the choice come edits of four bytes: where (24 bits,
// modulo the size) and the new value; 0xffffff cuts the file off at a place that the next edit's offset says.
inline ByteVector mutated(const std::vector<ByteVector>& bases, const std::uint8_t* data, std::size_t size) {
  if (size == 0) return {};
  const std::size_t choice = data[0] % (bases.size() + 1);
  const auto* first = reinterpret_cast<const std::byte*>(data) + 1;
  if (choice == 0) return {first, first + (size - 1)};
  ByteVector bytes = bases[choice - 1];
  bool cut = false;
  for (std::size_t at = 1; at + 4 <= size && !bytes.empty(); at += 4) {
    const std::size_t where = data[at] | std::size_t{data[at + 1]} << 8 | std::size_t{data[at + 2]} << 16;
    if (cut) {
      bytes.resize(where % bytes.size());
      cut = false;
    } else if (where == 0xffffff) {
      cut = true;
    } else {
      bytes[where % bytes.size()] = static_cast<std::byte>(data[at + 3]);
    }
  }
  return bytes;
}

// The same for files of text.
inline std::string mutated_text(const std::vector<std::string>& bases, const std::uint8_t* data, std::size_t size) {
  std::vector<ByteVector> files;
  for (const std::string& base : bases) {
    const auto* first = reinterpret_cast<const std::byte*>(base.data());
    files.emplace_back(first, first + base.size());
  }
  const ByteVector bytes = mutated(files, data, size);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace ktstr::fuzz
