// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"

namespace ktstr {

// An error about a file that the user named. That it may not be read, has an impossible name or is no file is the
// user's to correct (kInvalidArgument, exit status 64), whatever the system call says; what this machine lacks is not.
Error users_mistake(Error error);

}  // namespace ktstr
