// SPDX-License-Identifier: Apache-2.0
//
// A made kernel of 1 MiB at physical 0, mapped where x86-64 kernels are.
#pragma once

#include <cstring>
#include <string_view>
#include <vector>

#include "guest_space.h"

namespace ktstr {

class KernelMemory {
 public:
  static constexpr std::uint64_t kImage = 0xffffffff80000000;

  KernelMemory() : ram_(1 << 20) {
    space_.add({0, ram_.size(), ram_.data()});
    space_.set_kernel({.image = kImage,
                       .image_bytes = ram_.size(),
                       .image_physical = 0,
                       .direct = 0xffff888000000000,
                       .direct_bytes = 1ULL << 40,
                       .top_table = 0xff000,
                       .levels = 4,
                       .reserved = 0});
  }
  KernelMemory(const KernelMemory&) = delete;

  void put(std::uint64_t address, std::uint64_t value) {
    std::memcpy(ram_.data() + (address - kImage), &value, sizeof value);
  }
  void put_text(std::uint64_t address, std::string_view text) {
    std::memcpy(ram_.data() + (address - kImage), text.data(), text.size());
    ram_[address - kImage + text.size()] = 0;
  }
  const control::GuestSpace& space() const { return space_; }

 private:
  std::vector<unsigned char> ram_;
  control::GuestSpace space_;
};

}  // namespace ktstr
