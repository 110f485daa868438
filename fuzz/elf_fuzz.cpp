// SPDX-License-Identifier: Apache-2.0
#include "base/system/process.h"
#include "kernel/elf.h"
#include "kernel/testing/synthetic_image.h"
#include "mutated.h"

using namespace ktstr;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A dynamic program has what a kernel lacks: PT_DYNAMIC and PT_INTERP. Any will do.
  static const std::vector<ByteVector> bases = [] {
    std::vector<ByteVector> files{synthetic::kernel()};
    if (auto shell = read_bytes("/bin/true")) files.push_back(*std::move(shell));
    return files;
  }();
  const ByteVector bytes = fuzz::mutated(bases, data, size);
  const auto elf = ElfFile::parse(bytes);
  if (!elf) return 0;
  std::size_t seen = 0;
  for (const ElfSection& section : elf->sections()) {
    seen += section.name.size();
    if (const auto contents = elf->contents(section); contents && !contents->empty())
      seen += static_cast<std::size_t>(contents->back());
  }
  for (const ElfNote& note : elf->notes())
    seen += note.owner.size() + (note.descriptor.empty() ? 0 : static_cast<std::size_t>(note.descriptor.back()));
  if (const auto entry = elf->at_address(elf->entry(), 16)) seen += static_cast<std::size_t>(entry->back());
  if (const auto interpreter = elf->interpreter()) seen += interpreter->size();
  if (const auto dynamic = elf->dynamic(); dynamic && dynamic->has_value()) seen += (*dynamic)->needed.size();
  return seen == SIZE_MAX ? -1 : 0;
}
