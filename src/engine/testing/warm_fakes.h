// SPDX-License-Identifier: Apache-2.0
//
// For tests: machines that never ran, with a few bytes of RAM.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "engine/warm/warm_image.h"

namespace ktstr {

inline const Topology kFakeTopology{2, 2, 1, 1};
inline constexpr Bytes kFakeMailbox = Bytes{32} << 20;

inline MemoryLayout fake_layout(const Topology& topology = kFakeTopology) {
  return MemoryLayout::plan(topology, Bytes{256} << 20, kFakeMailbox);
}

inline WarmKey fake_key(const std::string& machine) {
  return {.kernel_sha256 = "k",
          .initramfs_sha256 = "i",
          .qemu_version = "10.0.2",
          .machine = machine,
          .topology = kFakeTopology.to_string(),
          .kernel = "7.3.4",
          .mode = "det"};
}

inline void put(const fs::path& file, Bytes offset, std::string_view text) {
  const auto fd = open_file(file, O_RDWR);
  ASSERT_TRUE(fd) << fd.error().render();
  ASSERT_EQ(::pwrite(fd->get(), text.data(), text.size(), static_cast<off_t>(offset)),
            static_cast<ssize_t>(text.size()));
}

inline std::string read_at(const fs::path& file, Bytes offset, std::size_t size) {
  std::string text(size, '?');
  const auto fd = open_file(file, O_RDONLY);
  if (!fd) {
    ADD_FAILURE() << fd.error().render();
    return text;
  }
  EXPECT_EQ(::pread(fd->get(), text.data(), size, static_cast<off_t>(offset)), static_cast<ssize_t>(size));
  return text;
}

inline void flip_bit(const fs::path& file, Bytes offset, int bit = 0) {
  std::string byte = read_at(file, offset, 1);
  byte[0] = static_cast<char>(byte[0] ^ (1 << bit));
  put(file, offset, byte);
}

// An image of a machine whose node 0 begins with the key's machine text, and whose device state is "state".
inline Status save_fake_image(const fs::path& directory, const WarmKey& key) {
  KTSTR_TRY_ASSIGN(const TempDir ram, TempDir::create(fs::temp_directory_path(), "warm-fakes"));
  KTSTR_TRY_ASSIGN(const GuestMemory memory, GuestMemory::create(ram.path(), fake_layout()));
  put(memory.files()[0], 0, key.machine);
  KTSTR_TRY(write_text(directory / "state", "state"));
  static double boot_seconds = 4;  // no two boots take the same time
  boot_seconds += 0.25;
  return WarmImage::save(directory, memory,
                         {.key = key, .guest_ns = 7, .boot_seconds = boot_seconds, .console = "Linux\n"});
}

}  // namespace ktstr
