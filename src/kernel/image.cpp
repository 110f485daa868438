// SPDX-License-Identifier: Apache-2.0
#include "kernel/image.h"

#include <elf.h>

#include <optional>

#include "kernel/bounded_bytes.h"
#include "kernel/fetch/decompress.h"
#include "kernel/version.h"

namespace ktstr {
namespace {

using namespace literals;

constexpr Bytes kLargestVmlinux = 1_GiB;
constexpr std::uint32_t kXenPhys32Entry = 18;

// The setup header, Documentation/arch/x86/boot.rst. Offsets from the start of the file.
namespace setup {
constexpr std::uint64_t kSectors = 0x1f1;
constexpr std::uint64_t kBootFlag = 0x1fe;
constexpr std::uint64_t kMagic = 0x202;
constexpr std::uint64_t kVersion = 0x206;
constexpr std::uint64_t kPayloadOffset = 0x248;
constexpr std::uint64_t kPayloadLength = 0x24c;
constexpr std::uint16_t kBootFlagValue = 0xaa55;
constexpr std::uint32_t kMagicValue = 0x53726448;  // "HdrS"
constexpr std::uint16_t kVersionWithPayload = 0x0208;
}  // namespace setup

bool is_bzimage(ByteSpan bytes) {
  return load<std::uint16_t>(bytes, setup::kBootFlag) == setup::kBootFlagValue &&
         load<std::uint32_t>(bytes, setup::kMagic) == setup::kMagicValue;
}

// Setup sectors plus the boot sector; zero means four, for images older than the field.
std::uint64_t protected_mode_offset(ByteSpan image) {
  const std::uint8_t sectors = load<std::uint8_t>(image, setup::kSectors).value_or(0);
  return (std::uint64_t{sectors == 0 ? std::uint8_t{4} : sectors} + 1) * 512;
}

std::optional<ByteSpan> declared_payload(ByteSpan image) {
  const auto version = load<std::uint16_t>(image, setup::kVersion);
  const auto offset = load<std::uint32_t>(image, setup::kPayloadOffset);
  const auto length = load<std::uint32_t>(image, setup::kPayloadLength);
  if (!version || *version < setup::kVersionWithPayload || !offset || !length || *length == 0) return std::nullopt;
  return slice(image, protected_mode_offset(image) + *offset, *length);
}

Result<ByteVector> unpack_payload(ByteSpan payload) {
  if (ElfFile::has_magic(payload)) return ByteVector(payload.begin(), payload.end());  // CONFIG_KERNEL_UNCOMPRESSED
  const auto compression = detect_compression(payload);
  if (!compression) return fail(ErrorCode::kCorruptData, "the payload has no known compression");
  KTSTR_TRY_ASSIGN(ByteVector unpacked, decompress(*compression, payload, kLargestVmlinux));
  if (!ElfFile::has_magic(unpacked)) return fail(ErrorCode::kCorruptData, "the payload is not an ELF file");
  return unpacked;
}

// For images whose header does not say where the payload is, or says it wrongly. Magics are short and turn up in code
// too, so a place that does not unpack to an ELF file is passed over.
Result<ByteVector> scan_for_payload(ByteSpan image, Error why_declared_failed) {
  constexpr int kMostAttempts = 64;
  int attempts = 0;
  for (std::uint64_t at = protected_mode_offset(image); at + 8 <= image.size() && attempts < kMostAttempts; ++at) {
    const ByteSpan rest = image.subspan(at);
    const auto compression = detect_compression(rest);
    if (!compression || *compression == Compression::kBzip2 || *compression == Compression::kLzo) continue;
    ++attempts;
    auto unpacked = decompress(*compression, rest, kLargestVmlinux);
    if (unpacked && ElfFile::has_magic(*unpacked)) return unpacked;
  }
  return why_declared_failed;
}

Result<ByteVector> unpack_bzimage(ByteSpan image) {
  const auto payload = declared_payload(image);
  if (!payload)
    return scan_for_payload(image, Error(ErrorCode::kCorruptData, "no compressed kernel found in the bzImage"));
  auto unpacked = unpack_payload(*payload);
  if (unpacked || unpacked.error().code() == ErrorCode::kUnsupported) return unpacked;
  return scan_for_payload(image, std::move(unpacked).error());
}

Status check_vmlinux(ByteSpan vmlinux, std::string_view name) {
  auto elf = ElfFile::parse(vmlinux);
  if (!elf) return std::move(elf).context(fmt::format("{} is not a usable kernel image", name)).error();
  if (elf->machine() != EM_X86_64)
    return fail(ErrorCode::kUnsupported, "{} is for another machine (ELF machine {}), not x86-64", name,
                elf->machine());
  if (!kernel_release(vmlinux))
    return fail(ErrorCode::kInvalidArgument, "{} is not a kernel image (an ELF file without a Linux banner)", name);
  return ok();
}

}  // namespace

bool looks_like_kernel_image(ByteSpan head) {
  return ElfFile::has_magic(head) || is_bzimage(head) || detect_compression(head).has_value();
}

Result<ByteVector> unpack_kernel(ByteVector image, std::string_view name) {
  if (const auto compression = is_bzimage(image) ? std::nullopt : detect_compression(image)) {
    auto unpacked = decompress(*compression, image, kLargestVmlinux);
    if (!unpacked) return std::move(unpacked).context(fmt::format("cannot unpack {}", name));
    image = *std::move(unpacked);
  }
  if (ElfFile::has_magic(image)) {
    KTSTR_TRY(check_vmlinux(image, name));
    return image;
  }
  if (!is_bzimage(image))
    return fail(ErrorCode::kInvalidArgument, "{} is not a kernel image (neither bzImage nor ELF vmlinux)", name);
  auto unpacked = unpack_bzimage(image);
  if (!unpacked) return std::move(unpacked).context(fmt::format("cannot unpack {}", name));
  KTSTR_TRY(check_vmlinux(*unpacked, name));
  return unpacked;
}

bool has_pvh_entry(const ElfFile& vmlinux) {
  for (const ElfNote& note : vmlinux.notes())
    if (note.owner == "Xen" && note.type == kXenPhys32Entry) return true;
  return false;
}

}  // namespace ktstr
