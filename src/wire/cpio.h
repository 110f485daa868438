// SPDX-License-Identifier: Apache-2.0
//
// newc ("SVR4 without CRC") cpio archives: what the kernel unpacks as an initramfs, and what a delivery is. Written
// deterministically: no times, no owners, inodes in order of addition; the same files give the same bytes.
// Format: Documentation/driver-api/early-userspace/buffer-format.rst in the kernel tree.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace ktstr {

class NewcWriter {
 public:
  // Paths are absolute or relative, stored without the leading slash; parents are added by themselves. A path that is
  // there already is kept as it is when the contents are the same and is an error otherwise.
  Status add_file(std::string_view path, std::uint32_t permissions, ByteSpan contents);
  Status add_directory(std::string_view path);
  Status add_symlink(std::string_view path, std::string_view target);
  // A device node (the initramfs needs /dev/console before anything is mounted).
  Status add_character_device(std::string_view path, std::uint32_t permissions, std::uint32_t major,
                              std::uint32_t minor);
  bool contains(std::string_view path) const;
  ByteVector finish();

 private:
  Status add_parents(std::string_view path);
  void entry(std::string_view path, std::uint32_t mode, ByteSpan contents, std::uint32_t major = 0,
             std::uint32_t minor = 0);
  struct Place {
    std::size_t at = 0, size = 0;
  };
  ByteVector bytes_;
  std::map<std::string, std::string, std::less<>> seen_;  // path -> what it is
  std::map<std::string, Place, std::less<>> files_;       // path -> its contents in `bytes_`
  std::uint32_t inode_ = 0;
};

// `archive` (what a NewcWriter finished) with one file more at its end: the same bytes as if it had been added last.
// Its parent directories are in the archive already. kCorruptData when `archive` is not ours.
Result<ByteVector> append_file(ByteSpan archive, std::string_view path, std::uint32_t permissions, ByteSpan contents);

// The same without a copy of `archive`: `front` is the part of it that comes before `rest`.
struct LongerArchive {
  ByteSpan front;
  ByteVector rest;
};
Result<LongerArchive> with_file(ByteSpan archive, std::string_view path, std::uint32_t permissions, ByteSpan contents);

struct NewcEntry {
  std::string path;        // without a leading slash
  std::uint32_t mode = 0;  // type and permissions as in stat(2)
  ByteSpan contents;       // points into the archive
};

// All entries, bounds-checked. A path with ".." or an absolute one is refused (kCorruptData).
Result<std::vector<NewcEntry>> read_newc(ByteSpan archive);

}  // namespace ktstr
