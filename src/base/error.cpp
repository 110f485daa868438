// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <cerrno>
#include <cstring>

#include "base/enum_names.h"

namespace ktstr {

namespace {

constexpr EnumName<ErrorCode> kCodes[] = {
    {ErrorCode::kInvalidArgument, "invalid argument"},
    {ErrorCode::kNotFound, "not found"},
    {ErrorCode::kUnsupported, "unsupported"},
    {ErrorCode::kPermission, "permission"},
    {ErrorCode::kBusy, "busy"},
    {ErrorCode::kTimedOut, "timed out"},
    {ErrorCode::kNoSpace, "no space"},
    {ErrorCode::kIo, "input/output"},
    {ErrorCode::kProtocol, "protocol"},
    {ErrorCode::kCorruptData, "corrupt data"},
    {ErrorCode::kGuestLost, "guest lost"},
    {ErrorCode::kCancelled, "cancelled"},
    {ErrorCode::kInternal, "internal"},
};

ErrorCode code_of_errno(int value) {
  switch (value) {
    case ENOENT:
    case ESRCH:
    case ENODEV:
      return ErrorCode::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::kPermission;
    case EBUSY:
    case EAGAIN:
    case ETXTBSY:
      return ErrorCode::kBusy;
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
      return ErrorCode::kNoSpace;
    case ETIMEDOUT:
      return ErrorCode::kTimedOut;
    case ENOSYS:
    case EOPNOTSUPP:
      return ErrorCode::kUnsupported;
    default:
      return ErrorCode::kIo;
  }
}

}  // namespace

EnumNames<ErrorCode> names_of(ErrorCode) { return names_from<kCodes>(); }
std::string_view to_string(ErrorCode code) { return names_of(code).text(code); }

Error Error::from_errno(int saved_errno, std::string message) {
  Error error(code_of_errno(saved_errno), std::move(message));
  error.errno_ = saved_errno;
  return error;
}

Error& Error::context(std::string where) & {
  contexts_.push_back(std::move(where));
  return *this;
}

Error&& Error::context(std::string where) && {
  contexts_.push_back(std::move(where));
  return std::move(*this);
}

Error& Error::with_hint(std::string hint) & {
  hint_ = std::move(hint);
  return *this;
}

Error&& Error::with_hint(std::string hint) && {
  hint_ = std::move(hint);
  return std::move(*this);
}

std::string Error::message() const {
  std::string text;
  for (auto it = contexts_.rbegin(); it != contexts_.rend(); ++it) text += *it + ": ";
  text += message_;
  if (errno_ != 0) {
    const char* name = strerrorname_np(errno_);
    text += std::string(": ") + strerrordesc_np(errno_) + " (" + (name ? name : "?") + ")";
  }
  return text;
}

std::string Error::render() const { return hint_.empty() ? message() : message() + "\n  hint: " + hint_; }

}  // namespace ktstr
