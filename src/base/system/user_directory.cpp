// SPDX-License-Identifier: Apache-2.0
#include "base/system/user_directory.h"

#include <pwd.h>
#include <unistd.h>

#include <array>

namespace ktstr {

namespace {

bool is_absolute(const char* path) { return path != nullptr && path[0] == '/'; }

}  // namespace

Result<fs::path> user_directory(const char* xdg, const char* home, const fs::path& below_home) {
  if (is_absolute(xdg)) return fs::path(xdg);
  if (is_absolute(home)) return fs::path(home) / below_home;
  std::array<char, 16384> buffer;
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr &&
      is_absolute(found->pw_dir))
    return fs::path(found->pw_dir) / below_home;
  return fail(ErrorCode::kUnsupported, "user {} has no home directory: HOME is not set, and /etc/passwd names none",
              ::geteuid())
      .with_hint("set HOME, or XDG_CACHE_HOME and XDG_STATE_HOME, to absolute paths");
}

}  // namespace ktstr
