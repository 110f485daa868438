// SPDX-License-Identifier: Apache-2.0
#include "kernel/kallsyms.h"
#include "kernel/testing/synthetic_image.h"
#include "mutated.h"

using namespace ktstr;
using synthetic::KallsymsFormat;

namespace {

ByteVector image_with(KallsymsFormat format) {
  std::vector<synthetic::TestSymbol> symbols{{"_text", synthetic::kTextAddress, 'T'}};
  for (unsigned i = 0; i < 2100; ++i) symbols.push_back({"s" + std::to_string(i), synthetic::kTextAddress + i, 't'});
  synthetic::Elf elf;
  const ByteVector tables = synthetic::kallsyms(symbols, format, elf.next_address());
  return elf.section(".rodata", tables).build();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<ByteVector> bases{
      image_with(KallsymsFormat::kBefore62), image_with(KallsymsFormat::kBefore64),
      image_with(KallsymsFormat::kAbsolutePerCpu), image_with(KallsymsFormat::kRelativeBase),
      image_with(KallsymsFormat::kPlaceRelative)};
  const ByteVector bytes = fuzz::mutated(bases, data, size);
  const auto elf = ElfFile::parse(bytes);
  if (!elf) return 0;
  const auto symbols = KernelSymbols::from_image(*elf);
  if (!symbols) return 0;
  if (!symbols->find("_text")) __builtin_trap();  // no symbols are accepted without it
  std::uint64_t previous = 0;
  for (std::size_t i = 0; i < symbols->size(); ++i) {
    if ((*symbols)[i].name.empty() || (*symbols)[i].address < previous) __builtin_trap();
    previous = (*symbols)[i].address;
  }
  return 0;
}
