// SPDX-License-Identifier: Apache-2.0
//
// Memory of a worker's own, which its loop maps before it begins, and which ends with the loop.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace ktstr {

class Region {
 public:
  enum class Pages : std::uint8_t { kThere, kOnTouch };  // on touch: small ones, each a page fault
  explicit Region(std::size_t bytes, Pages pages = Pages::kThere) : bytes_(bytes) {
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | (pages == Pages::kThere ? MAP_POPULATE : 0);
    at_ = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (valid() && pages == Pages::kOnTouch) ::madvise(at_, bytes, MADV_NOHUGEPAGE);
  }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
  ~Region() {
    if (valid()) ::munmap(at_, bytes_);
  }
  bool valid() const { return at_ != MAP_FAILED; }
  void* data() const { return at_; }
  template <typename T>
  std::span<T> as() const {
    return {static_cast<T*>(at_), bytes_ / sizeof(T)};
  }

 private:
  std::size_t bytes_;
  void* at_ = MAP_FAILED;
};

constexpr std::size_t kPage = 4096;

}  // namespace ktstr
