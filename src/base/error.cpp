// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <cerrno>
#include <cstring>

namespace ktstr {

namespace {

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

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid argument";
    case ErrorCode::kNotFound:
      return "not found";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kPermission:
      return "permission";
    case ErrorCode::kBusy:
      return "busy";
    case ErrorCode::kTimedOut:
      return "timed out";
    case ErrorCode::kNoSpace:
      return "no space";
    case ErrorCode::kIo:
      return "input/output";
    case ErrorCode::kProtocol:
      return "protocol";
    case ErrorCode::kCorruptData:
      return "corrupt data";
    case ErrorCode::kGuestLost:
      return "guest lost";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "unknown";
}

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
