// SPDX-License-Identifier: Apache-2.0
//
// Pages that the kernel has moved to another NUMA node by itself, to where they are used: numa_pages_migrated of
// /proc/vmstat, of all that runs on the machine. What a program moves (mbind(2), move_pages(2)) is not among them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>

namespace ktstr {

// 0 where the kernel does not count them.
std::uint64_t migrated_pages(std::string_view vmstat);

// Those since it exists.
class MigratedPages {
 public:
  explicit MigratedPages(std::filesystem::path proc_root = "/proc")
      : proc_root_(std::move(proc_root)), before_(now()) {}
  std::uint64_t more() const;

 private:
  std::uint64_t now() const;
  std::filesystem::path proc_root_;
  std::uint64_t before_;
};

}  // namespace ktstr
