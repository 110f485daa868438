// SPDX-License-Identifier: Apache-2.0
#include "scheduler/elf_trim.h"

#include <elf.h>

#include <algorithm>
#include <cstring>

namespace ktstr {

namespace {

bool has_debug_info(const ElfFile& file) {
  return std::any_of(file.sections().begin(), file.sections().end(), [](const ElfSection& section) {
    return section.name.starts_with(".debug_") || section.name.starts_with(".zdebug_");
  });
}

}  // namespace

ByteVector without_debug_info(const ElfFile& file) {
  const ByteSpan bytes = file.bytes();
  ByteVector whole(bytes.begin(), bytes.end());
  if (!has_debug_info(file) || file.segments().empty()) return whole;
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  // ElfFile has checked that the program headers are inside; a segment may claim more than the file has.
  std::uint64_t end = std::max<std::uint64_t>(sizeof header, header.e_phoff + header.e_phnum * sizeof(Elf64_Phdr));
  for (const ElfSegment& segment : file.segments()) {
    if (segment.file_size > bytes.size() || segment.offset > bytes.size() - segment.file_size) return whole;
    end = std::max(end, segment.offset + segment.file_size);
  }
  if (end >= bytes.size()) return whole;
  header.e_shoff = 0;
  header.e_shnum = 0;
  header.e_shstrndx = SHN_UNDEF;
  whole.resize(end);
  std::memcpy(whole.data(), &header, sizeof header);
  return whole;
}

}  // namespace ktstr
