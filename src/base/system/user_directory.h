// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/file.h"

namespace ktstr {

// Where this user's files of one kind are: `xdg`, the value of $XDG_CACHE_HOME or the like, else `below_home` of the
// home directory, which is `home`, the value of $HOME, else what the password database says of the effective user.
// Values may be null. By the XDG base directory specification one that is not absolute is ignored. kUnsupported where
// nothing gives a directory.
Result<fs::path> user_directory(const char* xdg, const char* home, const fs::path& below_home);

}  // namespace ktstr
