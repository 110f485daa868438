// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace ktstr {

// Whether `fd` has become readable or was hung up on by `deadline` (CLOCK_MONOTONIC; none: however long it takes). A
// pidfd is readable when its process has ended. A deadline that is past only looks.
Result<bool> wait_readable(const Fd& fd, std::optional<Nanoseconds> deadline);

}  // namespace ktstr
