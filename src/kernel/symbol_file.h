// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "kernel/kallsyms.h"

namespace ktstr {

// An ELF file that holds nothing but the kernel's symbols, for debuggers: distributions strip the image, and what is
// left is the kernel's own table.
ByteVector symbol_file(const KernelSymbols& symbols);

}  // namespace ktstr
