// SPDX-License-Identifier: Apache-2.0
#include "base/system/file_stamp.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string_view>

namespace ktstr {

Result<FileStamp> stamp_of(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return fail_errno("cannot stat {}", path.string());
  if (!S_ISREG(info.st_mode)) return fail(ErrorCode::kCorruptData, "{} is not a regular file", path.string());
  return FileStamp{.size = static_cast<std::uint64_t>(info.st_size),
                   .mtime_ns = std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec,
                   .inode = info.st_ino};
}

std::string identity_of_program(const fs::path& path) {
  const auto fd = open_file(path, O_RDONLY);
  const auto stamp = stamp_of(path);
  std::array<char, 4> magic{};
  if (!fd || !stamp || ::read(fd->get(), magic.data(), magic.size()) != 4 ||
      std::string_view(magic.data(), magic.size()) != "\177ELF")
    return {};
  return fmt::format("{} {} {} {}\n", path.string(), stamp->inode, stamp->size, stamp->mtime_ns);
}

}  // namespace ktstr
