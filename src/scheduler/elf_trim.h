// SPDX-License-Identifier: Apache-2.0
//
// Leaving out of a program what nobody loads. Debug information is most of a scheduler built for development, and every
// byte of it would be hashed, copied and unpacked at each boot.
#pragma once

#include <filesystem>

#include "base/bytes.h"
#include "base/result.h"

namespace ktstr {

// The file without its debug information: cut after the last byte that any segment or the program headers need, and
// without a section table, because sections are for linkers and debuggers and the symbols behind them went too. Only
// what is kept is read: debug information can be fifty times as much. Whole comes back what has no .debug_*, where
// nothing can be saved, and what is no well-formed ELF file. More than `limit` bytes are an error.
Result<ByteVector> read_without_debug_info(const std::filesystem::path& path, Bytes limit);

}  // namespace ktstr
