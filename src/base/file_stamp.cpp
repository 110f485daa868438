// SPDX-License-Identifier: Apache-2.0
#include "base/file_stamp.h"

#include <sys/stat.h>

namespace ktstr {

Result<FileStamp> stamp_of(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return fail_errno("cannot stat {}", path.string());
  if (!S_ISREG(info.st_mode)) return fail(ErrorCode::kCorruptData, "{} is no regular file", path.string());
  return FileStamp{.size = static_cast<std::uint64_t>(info.st_size),
                   .mtime_ns = std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec,
                   .inode = info.st_ino};
}

}  // namespace ktstr
