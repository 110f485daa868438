// SPDX-License-Identifier: Apache-2.0
//
// The compressions that a kernel image may use (init/Kconfig, "Kernel compression mode"), told apart by their first
// bytes. One stream is decompressed; what follows it is ignored, because kbuild appends the unpacked size.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ktstr {

enum class Compression { kZstd, kXz, kGzip, kLz4Legacy, kLzma, kBzip2, kLzo };

std::string_view to_string(Compression compression);
std::optional<Compression> detect_compression(ByteSpan bytes);

// kCorruptData when the stream is damaged, kUnsupported for bzip2 and LZO, kNoSpace when the result has more than
// `limit` bytes.
Result<ByteVector> decompress(Compression compression, ByteSpan bytes, Bytes limit);

}  // namespace ktstr
