// SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0
//
// The memory of a guest's kernel by the kernel's own addresses, read in RAM files that this process has mapped. Nothing
// in it is trusted: what is not there reads as nothing, and a page table that points to itself ends after its levels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include "probe_page.h"

namespace ktstr::control {

struct MappedPiece {
  std::uint64_t physical = 0, bytes = 0;
  const unsigned char* at = nullptr;
};

class GuestSpace {
 public:
  // Up to kMostPieces; more are left out.
  void add(MappedPiece piece) {
    if (pieces_ < kMostPieces && piece.at != nullptr) piece_[pieces_++] = piece;
  }
  void set_kernel(const AddressSpace& space) { space_ = space; }

  // `length` bytes at a guest-physical address; nullptr where they are not all in one piece of RAM.
  const unsigned char* physical(std::uint64_t address, std::size_t length) const {
    for (std::size_t i = 0; i < pieces_; ++i) {
      const MappedPiece& piece = piece_[i];
      const std::uint64_t into = address - piece.physical;
      if (into < piece.bytes && length <= piece.bytes - into) return piece.at + into;
    }
    return nullptr;
  }

  std::optional<std::uint64_t> physical_of(std::uint64_t address) const {
    if (address - space_.image < space_.image_bytes) return address - space_.image + space_.image_physical;
    if (address - space_.direct < space_.direct_bytes) return address - space_.direct;
    return walk(address);
  }

  // Up to 8 bytes, as a number. Empty where no memory is, or a page ends before.
  std::optional<std::uint64_t> load(std::uint64_t address, std::size_t bytes) const {
    if (bytes == 0 || bytes > 8 || (address & (kPage - 1)) + bytes > kPage) return std::nullopt;
    const auto at = physical_of(address);
    if (!at) return std::nullopt;
    const unsigned char* const memory = physical(*at, bytes);
    if (memory == nullptr) return std::nullopt;
    std::uint64_t value = 0;
    std::memcpy(&value, memory, bytes);
    return value;
  }

 private:
  static constexpr std::uint64_t kPage = 4096;
  static constexpr std::uint64_t kFrame = 0x000ffffffffff000ULL, kPresent = 1, kLarge = 0x80;

  std::optional<std::uint64_t> walk(std::uint64_t address) const {
    if (space_.levels != 4 && space_.levels != 5) return std::nullopt;
    std::uint64_t table = space_.top_table;
    for (std::uint32_t level = space_.levels; level > 0; --level) {
      const std::uint32_t shift = 12 + 9 * (level - 1);
      const unsigned char* const memory = physical((table & kFrame) + (address >> shift & 511) * 8, 8);
      if (memory == nullptr) return std::nullopt;
      std::uint64_t entry = 0;
      std::memcpy(&entry, memory, 8);
      if ((entry & kPresent) == 0) return std::nullopt;
      const std::uint64_t inside = (std::uint64_t{1} << shift) - 1;
      if (level == 1 || (level <= 3 && (entry & kLarge) != 0)) return (entry & kFrame & ~inside) | (address & inside);
      table = entry;
    }
    return std::nullopt;
  }

  AddressSpace space_{};
  MappedPiece piece_[kMostPieces];
  std::size_t pieces_ = 0;
};

}  // namespace ktstr::control
