// SPDX-License-Identifier: Apache-2.0
#include "kernel/code_range.h"

#include <elf.h>
#include <fcntl.h>

#include "base/file.h"
#include "kernel/elf.h"

namespace ktstr {

AddressRange code_range_of(const std::filesystem::path& vmlinux) {
  constexpr std::uint64_t kPage = 4096;
  constexpr Bytes kMostCode = Bytes{1} << 30;  // what x86-64 has room for
  const auto fd = open_file(vmlinux, O_RDONLY);
  if (!fd) return {};
  std::error_code error;
  const Bytes size = std::filesystem::file_size(vmlinux, error);
  if (error || size == 0) return {};
  const auto mapping = Mapping::map(*fd, 0, size, false);
  if (!mapping) return {};
  const auto elf = ElfFile::parse(mapping->bytes());
  if (!elf) return {};
  for (const ElfSegment& segment : elf->segments()) {
    if (segment.type != PT_LOAD || (segment.flags & (PF_R | PF_W | PF_X)) != (PF_R | PF_X)) continue;
    const Bytes bytes = segment.file_size & ~(kPage - 1);
    if (segment.virtual_address % kPage == 0 && bytes <= kMostCode) return {segment.virtual_address, bytes};
  }
  return {};
}

}  // namespace ktstr
