// SPDX-License-Identifier: Apache-2.0
#include "kernel/kallsyms.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "kernel/symbol_file.h"
#include "kernel/testing/synthetic_image.h"

namespace ktstr {
namespace {

using synthetic::KallsymsFormat;
using synthetic::kTextAddress;
using synthetic::TestSymbol;

constexpr const char* kLongName =
    "a_name_longer_than_127_characters_0123456789_0123456789_0123456789_0123456789_"
    "0123456789_0123456789_0123456789_0123456789_0123456789_0123456789";

// Enough for many markers. Only kernels with absolute per-CPU symbols have addresses near 0.
std::vector<TestSymbol> some_symbols(KallsymsFormat format) {
  std::vector<TestSymbol> symbols;
  if (format != KallsymsFormat::kRelativeBase && format != KallsymsFormat::kPlaceRelative)
    symbols = {{"fixed_percpu_data", 0, 'A'}, {"runqueues", 0x35e80, 'A'}};
  symbols.push_back({"_text", kTextAddress, 'T'});
  symbols.push_back({"_stext", kTextAddress, 'T'});
  symbols.push_back({"schedule", kTextAddress + 0x20, 'T'});
  symbols.push_back({kLongName, kTextAddress + 0x30, 't'});
  for (unsigned i = 0; i < 2500; ++i)
    symbols.push_back({"filler_" + std::to_string(i), kTextAddress + 0x40 + 4 * i, 't'});
  symbols.push_back({"init_task", kTextAddress + 0x3000, 'D'});
  return symbols;
}

ByteVector image_with(KallsymsFormat format, std::size_t before) {
  synthetic::Elf elf;
  elf.section(".text", ByteVector(before));
  const ByteVector tables = synthetic::kallsyms(some_symbols(format), format, elf.next_address());
  return elf.section(".rodata", tables).section(".data", ByteVector(0x6000)).build();
}

class KallsymsOfEveryFormat : public testing::TestWithParam<KallsymsFormat> {};

TEST_P(KallsymsOfEveryFormat, GivesEverySymbolBack) {
  const ByteVector image = image_with(GetParam(), 100);
  const auto symbols = KernelSymbols::from_image(*ElfFile::parse(image));
  ASSERT_TRUE(symbols) << symbols.error().message();
  EXPECT_EQ(symbols->size(), some_symbols(GetParam()).size());
  for (const TestSymbol& expected : some_symbols(GetParam())) {
    const auto found = symbols->find(expected.name);
    ASSERT_TRUE(found) << expected.name;
    EXPECT_EQ(found->address, expected.address) << expected.name;
    EXPECT_EQ(found->type, expected.type) << expected.name;
  }
  EXPECT_FALSE(symbols->find("no_such_symbol"));
}

// What a debugger reads out of a symbol file.
std::map<std::string, std::uint64_t> symbols_in(const ElfFile& file) {
  const auto table = file.contents(".symtab"), strings = file.contents(".strtab");
  std::map<std::string, std::uint64_t> found;
  for (std::size_t at = sizeof(Elf64_Sym); table && strings && at + sizeof(Elf64_Sym) <= table->size();
       at += sizeof(Elf64_Sym)) {
    Elf64_Sym entry;
    std::memcpy(&entry, table->data() + at, sizeof entry);
    found[reinterpret_cast<const char*>(strings->data()) + entry.st_name] = entry.st_value;
  }
  return found;
}

TEST_P(KallsymsOfEveryFormat, BecomesASymbolFile) {
  const ByteVector image = image_with(GetParam(), 100);
  const auto symbols = KernelSymbols::from_image(*ElfFile::parse(image));
  ASSERT_TRUE(symbols);
  const ByteVector bytes = symbol_file(*symbols);
  const auto file = ElfFile::parse(bytes);
  ASSERT_TRUE(file) << file.error().message();
  const auto found = symbols_in(*file);
  for (const char* name : {"_text", "schedule", "init_task", kLongName})
    EXPECT_EQ(found.at(name), symbols->find(name)->address) << name;
  EXPECT_FALSE(found.contains("runqueues")) << "an offset, and no address";
  ASSERT_TRUE(file->section(".text"));
  EXPECT_EQ(file->section(".text")->address, kTextAddress);
}

TEST_P(KallsymsOfEveryFormat, IsFoundWhereverItIs) {
  for (const std::size_t before : {0u, 4096u, 10000u}) {
    const ByteVector image = image_with(GetParam(), before);
    EXPECT_TRUE(KernelSymbols::from_image(*ElfFile::parse(image))) << before;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, KallsymsOfEveryFormat,
                         testing::Values(KallsymsFormat::kBefore62, KallsymsFormat::kBefore64,
                                         KallsymsFormat::kAbsolutePerCpu, KallsymsFormat::kRelativeBase,
                                         KallsymsFormat::kPlaceRelative));

TEST(KernelSymbols, NamesTheSymbolAtOrBeforeAnAddress) {
  const ByteVector image = image_with(KallsymsFormat::kPlaceRelative, 0);
  const auto symbols = KernelSymbols::from_image(*ElfFile::parse(image));
  ASSERT_TRUE(symbols);
  EXPECT_EQ(symbols->at_or_before(kTextAddress + 0x2f)->name, "schedule");
  EXPECT_EQ(symbols->at_or_before(kTextAddress + 0x20)->name, "schedule");
  EXPECT_FALSE(symbols->at_or_before(kTextAddress - 1));
}

TEST(KernelSymbols, AreNotFoundInAnImageWithoutTables) {
  const ByteVector image = synthetic::Elf().section(".text", ByteVector(10000)).build();
  const auto symbols = KernelSymbols::from_image(*ElfFile::parse(image));
  ASSERT_FALSE(symbols);
  EXPECT_EQ(symbols.error().code(), ErrorCode::kNotFound);
}

TEST(KernelSymbols, AreRefusedWhenTextIsNotWhereTheCodeIs) {
  synthetic::Elf elf;
  std::vector<TestSymbol> symbols = some_symbols(KallsymsFormat::kRelativeBase);
  for (TestSymbol& symbol : symbols) symbol.address += 0x100;
  elf.section(".rodata", synthetic::kallsyms(symbols, KallsymsFormat::kRelativeBase, elf.next_address()));
  const ByteVector image = elf.build();
  EXPECT_FALSE(KernelSymbols::from_image(*ElfFile::parse(image)));
}

TEST(KernelSymbols, NeverReadBeyondADamagedTable) {
  const ByteVector whole = image_with(KallsymsFormat::kPlaceRelative, 0);
  const std::size_t start = synthetic::Elf::kLoadOffset;
  for (std::size_t i = 0; i < 6000; i += 7) {
    ByteVector image = whole;
    image[start + i] ^= std::byte{0xff};
    const auto symbols = KernelSymbols::from_image(*ElfFile::parse(image));
    EXPECT_TRUE(!symbols || symbols->find("_text"));
  }
}

TEST(KernelSymbols, ComeFromTheSymbolTableOfAnUnstrippedImage) {
  // Elf64_Sym: name u32, info u8, other u8, section u16, value u64, size u64.
  ByteWriter table;
  const auto symbol = [&](std::uint32_t name, std::uint8_t info, std::uint16_t section, std::uint64_t value) {
    table.u32(name), table.u8(info), table.u8(0), table.u16(section), table.u64(value), table.u64(0);
  };
  symbol(0, 0, 0, 0);
  symbol(1, 0x12, 1, kTextAddress);
  symbol(7, 0x01, 1, kTextAddress + 8);
  ByteVector image = synthetic::Elf()
                         .section(".text", ByteVector(64))
                         .section(".strtab",
                                  [] {
                                    const ByteSpan names = as_byte_span(std::string_view("\0_text\0jiffies\0", 15));
                                    return ByteVector(names.begin(), names.end());
                                  }())
                         .section(".symtab", table.bytes())
                         .build();
  // Make section 3 a symbol table that is linked to section 2: sh_type is at 4 of a section header, sh_link at 40.
  const std::uint64_t headers = [&] {
    std::uint64_t offset = 0;
    for (unsigned i = 0; i < 8; ++i) offset |= static_cast<std::uint64_t>(image[40 + i]) << (8 * i);
    return offset;
  }();
  image[headers + 3 * 64 + 4] = std::byte{2};
  image[headers + 3 * 64 + 40] = std::byte{2};
  const auto symbols = KernelSymbols::from_image(*ElfFile::parse(image));
  ASSERT_TRUE(symbols) << symbols.error().message();
  EXPECT_EQ(symbols->find("_text")->type, 'T');
  EXPECT_EQ(symbols->find("jiffies")->address, kTextAddress + 8);
  EXPECT_EQ(symbols->find("jiffies")->type, 'd');
}

}  // namespace
}  // namespace ktstr
