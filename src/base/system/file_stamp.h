// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/file.h"

namespace ktstr {

// A file as it was when something was known of its contents. Unchanged means still known: that spares hashing a kernel
// of 60 MB each time, and asking a program what it is.
struct FileStamp {
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t inode = 0;
  bool operator==(const FileStamp&) const = default;
};

Result<FileStamp> stamp_of(const fs::path& path);

// A line that is another one for another program, and for the same one when it was changed or replaced. Empty where the
// file alone does not say what runs: for a script, which can start something else tomorrow.
std::string identity_of_program(const fs::path& path);

}  // namespace ktstr
