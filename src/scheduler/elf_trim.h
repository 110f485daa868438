// SPDX-License-Identifier: Apache-2.0
//
// Leaving out of a program what nobody loads. Debug information is most of a scheduler built for development, and every
// byte of it would be hashed, copied and unpacked at each boot.
#pragma once

#include "kernel/elf.h"

namespace ktstr {

// The file without its debug information: cut behind the last byte that any segment or the program headers need, and
// without a section table, because sections are for linkers and debuggers and the symbols behind them went too. A file
// that has no .debug_* or where nothing can be saved comes back as it is.
ByteVector without_debug_info(const ElfFile& file);

}  // namespace ktstr
