// SPDX-License-Identifier: Apache-2.0
#include "kernel/image.h"

#include <gtest/gtest.h>

#include "kernel/fetch/decompress.h"
#include "kernel/testing/synthetic_image.h"

namespace ktstr {
namespace {

using Compressor = ByteVector (*)(ByteSpan);

class CompressedImage : public testing::TestWithParam<std::pair<Compression, Compressor>> {};

TEST_P(CompressedImage, UnpacksToTheSameVmlinux) {
  const ByteVector vmlinux = synthetic::kernel();
  const ByteVector payload = GetParam().second(vmlinux);
  ASSERT_EQ(detect_compression(payload), GetParam().first);
  const auto unpacked = unpack_kernel(synthetic::bzimage(payload), "vmlinuz");
  ASSERT_TRUE(unpacked) << unpacked.error().message();
  EXPECT_EQ(*unpacked, vmlinux);
}

TEST_P(CompressedImage, IsFoundByItsMagicWhenTheHeaderDoesNotSayWhere) {
  const ByteVector vmlinux = synthetic::kernel();
  const auto unpacked = unpack_kernel(synthetic::bzimage(GetParam().second(vmlinux), false), "vmlinuz");
  ASSERT_TRUE(unpacked) << unpacked.error().message();
  EXPECT_EQ(*unpacked, vmlinux);
}

TEST_P(CompressedImage, IsCorruptWhenThePayloadIsCutShort) {
  ByteVector payload = GetParam().second(synthetic::kernel());
  payload.resize(payload.size() / 2);
  const auto unpacked = unpack_kernel(synthetic::bzimage(payload), "vmlinuz");
  ASSERT_FALSE(unpacked);
  EXPECT_EQ(unpacked.error().code(), ErrorCode::kCorruptData);
}

TEST_P(CompressedImage, DoesNotGrowBeyondTheLimit) {
  const ByteVector payload = GetParam().second(ByteVector(1 << 20));
  const auto unpacked = decompress(GetParam().first, payload, 1000);
  ASSERT_FALSE(unpacked);
  EXPECT_EQ(unpacked.error().code(), ErrorCode::kNoSpace);
}

INSTANTIATE_TEST_SUITE_P(EveryCompression, CompressedImage,
                         testing::Values(std::pair{Compression::kZstd, &synthetic::zstd},
                                         std::pair{Compression::kXz, &synthetic::xz},
                                         std::pair{Compression::kGzip, &synthetic::gzip},
                                         std::pair{Compression::kLz4Legacy, &synthetic::lz4_legacy},
                                         std::pair{Compression::kLzma, &synthetic::lzma_alone}),
                         [](const auto& test) { return std::string(to_string(test.param.first)); });

TEST(UnpackKernel, TakesAVmlinuxAsItIs) {
  const ByteVector vmlinux = synthetic::kernel();
  EXPECT_EQ(*unpack_kernel(vmlinux, "vmlinux"), vmlinux);
}

TEST(UnpackKernel, NamesTheFileThatIsNoKernel) {
  const auto result = unpack_kernel(ByteVector(5000), "/etc/motd");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(result.error().message(), "/etc/motd is not a kernel image (neither bzImage nor ELF vmlinux)");
}

TEST(UnpackKernel, RefusesAnElfFileThatIsNoKernel) {
  const auto result = unpack_kernel(synthetic::Elf().section(".text", ByteVector(100)).build(), "/bin/true");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kInvalidArgument);
}

TEST(UnpackKernel, RefusesAKernelForAnotherMachine) {
  ByteVector vmlinux = synthetic::kernel();
  vmlinux[18] = std::byte{183};  // EM_AARCH64
  EXPECT_EQ(unpack_kernel(vmlinux, "vmlinux").error().code(), ErrorCode::kUnsupported);
}

TEST(UnpackKernel, SaysWhichCompressionItCannotUnpack) {
  const auto result = unpack_kernel(synthetic::bzimage(as_byte_span("BZh91AY&SY")), "vmlinuz");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kUnsupported);
  EXPECT_NE(result.error().message().find("bzip2"), std::string::npos);
}

TEST(UnpackKernel, SurvivesAHeaderWhosePayloadLiesOutsideOfTheFile) {
  ByteVector image = synthetic::bzimage(as_byte_span("nothing"));
  for (std::size_t i = 0x248; i < 0x250; ++i) image[i] = std::byte{0xff};
  EXPECT_EQ(unpack_kernel(image, "vmlinuz").error().code(), ErrorCode::kCorruptData);
}

TEST(LooksLikeKernelImage, DecidesByTheFirstBytes) {
  EXPECT_TRUE(looks_like_kernel_image(ByteSpan(synthetic::kernel()).first(1024)));
  EXPECT_TRUE(looks_like_kernel_image(ByteSpan(synthetic::bzimage({})).first(1024)));
  EXPECT_FALSE(looks_like_kernel_image(as_byte_span("#!/bin/sh")));
  EXPECT_FALSE(looks_like_kernel_image({}));
}

TEST(HasPvhEntry, LooksForTheNote) {
  const ByteVector with = synthetic::kernel({.pvh = true});
  const ByteVector without = synthetic::kernel({.pvh = false});
  EXPECT_TRUE(has_pvh_entry(*ElfFile::parse(with)));
  EXPECT_FALSE(has_pvh_entry(*ElfFile::parse(without)));
}

}  // namespace
}  // namespace ktstr
