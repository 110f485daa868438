// SPDX-License-Identifier: Apache-2.0
//
// A file that a person has named for output, which may be more than a file: a link, a device, a pipe.
#pragma once

#include <filesystem>

#include "base/bytes.h"
#include "base/result.h"

namespace ktstr {

// Whether write_output() can write there, as far as that can be seen without doing it. kInvalidArgument: it is a
// directory, or nobody lets us write there; directories above it that are missing are no reason.
Status check_output(const std::filesystem::path& path);

// All of it or nothing into a regular file, also through a link, which stays; into anything else as it is.
// A file that is made gets `mode`, less the umask.
Status write_output(const std::filesystem::path& path, ByteSpan bytes, unsigned mode = 0644);

}  // namespace ktstr
