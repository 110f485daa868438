// SPDX-License-Identifier: Apache-2.0
#include "base/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text/users_mistake.h"

namespace ktstr {

namespace {

constexpr int kMostLinks = 40;  // as the kernel has it

}  // namespace

Status check_output(const fs::path& path) {
  constexpr const char* kHint = "name a file in a directory that you may write to";
  std::error_code error;
  if (fs::is_directory(path, error))
    return Error(ErrorCode::kInvalidArgument, path.string() + " is a directory").with_hint("name a file in it");
  if (fs::exists(path, error)) {
    if (::access(path.c_str(), W_OK) == 0) return ok();
    return users_mistake(fail_errno("cannot write to {}", path.string())).with_hint(kHint);
  }
  // A link to what is not there yet, or nothing.
  fs::path above = fs::absolute(path, error).parent_path();
  while (!above.empty() && above != above.parent_path() && !fs::exists(above, error)) above = above.parent_path();
  if (!fs::is_directory(above, error))
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("cannot write to {}: {} is no directory", path.string(), above.string()))
        .with_hint(kHint);
  if (::access(above.c_str(), W_OK) == 0) return ok();
  return users_mistake(fail_errno("cannot write to {}", path.string())).with_hint(kHint);
}

Status write_output(const fs::path& path, ByteSpan bytes, unsigned mode) {
  std::error_code error;
  const fs::file_status there = fs::status(path, error);
  if (there.type() == fs::file_type::not_found || there.type() == fs::file_type::regular) {
    // What a link names is replaced, not the link; it may name what is not there yet.
    fs::path real = path;
    for (int links = 0; links < kMostLinks && fs::is_symlink(real, error); ++links)
      real = real.parent_path() / fs::read_symlink(real, error);
    return write_atomically(real, bytes, mode);
  }
  KTSTR_TRY_ASSIGN(const Fd file, open_file(path, O_WRONLY));
  return write_all(file.get(), bytes).context(path.string());
}

}  // namespace ktstr
