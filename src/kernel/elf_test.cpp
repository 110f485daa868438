// SPDX-License-Identifier: Apache-2.0
#include "kernel/elf.h"

#include <gtest/gtest.h>

#include "base/system/process.h"
#include "kernel/testing/synthetic_image.h"

namespace ktstr {
namespace {

ByteVector bytes_of(std::string_view text) {
  const ByteSpan span = as_byte_span(text);
  return {span.begin(), span.end()};
}

TEST(ElfFile, FindsSectionsSegmentsAndNotes) {
  const ByteVector image =
      synthetic::Elf().section(".rodata", bytes_of("hello")).note("Xen", 18, ByteVector(4)).build();
  const auto elf = ElfFile::parse(image);
  ASSERT_TRUE(elf) << elf.error().message();
  EXPECT_EQ(as_text(*elf->contents(".rodata")), "hello");
  EXPECT_EQ(elf->section(".nothing"), nullptr);
  EXPECT_FALSE(elf->contents(".nothing"));
  ASSERT_EQ(elf->notes().size(), 1u);
  EXPECT_EQ(elf->notes()[0].owner, "Xen");
  EXPECT_EQ(elf->notes()[0].descriptor.size(), 4u);
}

TEST(ElfFile, TranslatesAddressesInsideOfLoadedSegmentsOnly) {
  const ByteVector image = synthetic::Elf().section(".rodata", bytes_of("hello")).build();
  const auto elf = ElfFile::parse(image);
  EXPECT_EQ(as_text(*elf->at_address(synthetic::kTextAddress, 5)), "hello");
  EXPECT_FALSE(elf->at_address(synthetic::kTextAddress - 1, 1));
  EXPECT_FALSE(elf->at_address(synthetic::kTextAddress, 1 << 20));
  EXPECT_FALSE(elf->at_address(synthetic::kTextAddress, UINT64_MAX));
  EXPECT_EQ(elf->address_of_offset(synthetic::Elf::kLoadOffset + 3), synthetic::kTextAddress + 3);
  EXPECT_FALSE(elf->address_of_offset(0));
  EXPECT_TRUE(elf->is_loaded(synthetic::kTextAddress + 0x8000))
      << ".bss is loaded although the file has no bytes of it";
  EXPECT_FALSE(elf->at_address(synthetic::kTextAddress + 0x8000, 1));
}

TEST(ElfFile, RefusesWhatIsNoElf64File) {
  EXPECT_EQ(ElfFile::parse(bytes_of("text")).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ElfFile::parse({}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ElfFile::parse(bytes_of("\177ELF")).error().code(), ErrorCode::kCorruptData);
  ByteVector image = synthetic::Elf().build();
  image[4] = std::byte{1};  // ELFCLASS32
  EXPECT_EQ(ElfFile::parse(image).error().code(), ErrorCode::kInvalidArgument);
}

TEST(ElfFile, RefusesEveryTruncation) {
  const ByteVector image = synthetic::Elf().section(".rodata", bytes_of("hello")).build();
  for (std::size_t length = 0; length < image.size(); length += length < 256 || length > image.size() - 256 ? 1 : 64)
    EXPECT_FALSE(ElfFile::parse(ByteSpan(image).first(length))) << length;
}

TEST(ElfFile, ReadsWhatTheDynamicLinkerIsTold) {
  const auto self = read_bytes(*own_executable());
  ASSERT_TRUE(self);
  const auto elf = ElfFile::parse(*self);
  ASSERT_TRUE(elf) << elf.error().message();
  const auto dynamic = elf->dynamic();
  ASSERT_TRUE(dynamic) << dynamic.error().message();
  if (!dynamic->has_value()) GTEST_SKIP() << "this test program is linked statically";
  const auto& needed = (*dynamic)->needed;
  EXPECT_NE(std::find(needed.begin(), needed.end(), "libc.so.6"), needed.end());
  EXPECT_EQ(elf->interpreter(), "/lib64/ld-linux-x86-64.so.2");
}

TEST(ElfFile, SaysThatAStaticImageHasNoDynamicSection) {
  const ByteVector image = synthetic::Elf().build();
  const auto elf = ElfFile::parse(image);
  const auto dynamic = elf->dynamic();
  ASSERT_TRUE(dynamic);
  EXPECT_FALSE(dynamic->has_value());
  EXPECT_FALSE(elf->interpreter());
}

}  // namespace
}  // namespace ktstr
