// SPDX-License-Identifier: Apache-2.0
#include "engine/mapped_ram.h"

#include <fcntl.h>

namespace ktstr {

Result<MappedRam> map_ram(const GuestMemory& memory) {
  MappedRam ram;
  for (const MemoryLayout::Piece& piece : memory.layout().pieces()) {
    KTSTR_TRY_ASSIGN(const Fd file, open_file(memory.files().at(piece.node), O_RDONLY));
    KTSTR_TRY_ASSIGN(Mapping mapped, Mapping::map(file, piece.offset, piece.bytes, false));
    ram.space.add({piece.physical, piece.bytes, reinterpret_cast<const unsigned char*>(mapped.data())});
    ram.mappings.push_back(std::move(mapped));
  }
  return ram;
}

}  // namespace ktstr
