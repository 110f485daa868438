// SPDX-License-Identifier: Apache-2.0
#include "base/text/users_mistake.h"

#include <cerrno>

namespace ktstr {

namespace {

const char* way_out(int value) {
  switch (value) {
    case EACCES:
    case EPERM:
      return "give yourself the right to read it and to enter its directories, or run as a user who has it";
    case ENAMETOOLONG:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case EINVAL:
    case ENXIO:
      return "correct its path";
    default:
      return nullptr;
  }
}

}  // namespace

Error users_mistake(Error error) {
  const char* hint = way_out(error.saved_errno());
  if (hint == nullptr) return error;
  return Error(ErrorCode::kInvalidArgument, error.message()).with_hint(error.hint().empty() ? hint : error.hint());
}

}  // namespace ktstr
