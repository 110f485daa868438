// SPDX-License-Identifier: Apache-2.0
//
// Where the kallsyms tables are in an image, found by their shape. Separate from kallsyms.h, which reads them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace ktstr {

struct KallsymsTables {
  std::array<std::string_view, 256> tokens;
  ByteSpan names;           // one compressed name after the other; may reach beyond the last
  std::uint32_t count = 0;  // of symbols
  // File offsets. The encoded addresses are u32 each; the base, a u64, follows them in the kernels that have one.
  // They come before the names up to Linux 6.3, and after the token index since (404bad70fcf7).
  std::uint64_t addresses_before = 0;
  std::uint64_t addresses_after = 0;
};

// The first tables at or after file offset `from`; `next` is set to where a search for other tables goes on.
std::optional<KallsymsTables> find_kallsyms_tables(ByteSpan image, std::uint64_t from, std::uint64_t& next);

// One compressed name: a length (two bytes when it is above 127) and that many token numbers.
struct CompressedName {
  ByteSpan tokens;
  std::uint64_t end = 0;  // where the next one starts
};
std::optional<CompressedName> compressed_name_at(ByteSpan names, std::uint64_t position);

}  // namespace ktstr
