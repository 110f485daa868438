// SPDX-License-Identifier: Apache-2.0
//
// Memory that processes share with the one who made it and forked them.
#pragma once

#include <sys/mman.h>
#include <sys/sysinfo.h>

#include <cstddef>
#include <span>
#include <utility>

namespace ktstr {

class SharedRegion {
 public:
  // Empty where the machine has not twice as much left: pages that are there count for nobody's limit, and what is
  // lacking then the kernel would take by killing.
  explicit SharedRegion(std::size_t bytes) {
    struct sysinfo has {};
    if (bytes == 0 || ::sysinfo(&has) != 0 || bytes > has.freeram / 2 * has.mem_unit) return;
    void* const at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (at != MAP_FAILED) bytes_ = {static_cast<std::byte*>(at), bytes};
  }
  SharedRegion(SharedRegion&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  SharedRegion& operator=(SharedRegion&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~SharedRegion() {
    if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
  }
  std::span<std::byte> bytes() const { return bytes_; }

 private:
  std::span<std::byte> bytes_;
};

}  // namespace ktstr
