// SPDX-License-Identifier: Apache-2.0
//
// What can fail in the world, as a value. An Error says what failed, on what, why (errno) and what to do about it. Its
// code is a closed set, so that callers classify by code and never by text. A failing scheduler is a verdict, never an
// Error: an Error means that the harness could not find out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ktstr {

enum class ErrorCode {
  kInvalidArgument,  // the user gave something that cannot work: option, file, topology
  kNotFound,         // a named thing is not there
  kUnsupported,      // the kernel, QEMU or machine lacks what is needed
  kPermission,       // it is there and we may not
  kBusy,             // somebody else holds it
  kTimedOut,
  kNoSpace,      // disk, tmpfs, memory
  kIo,           // a system call failed in a way none of the others name
  kProtocol,     // a peer (QEMU, agent) said something that it must not say
  kCorruptData,  // stored or received bytes do not check out
  kGuestLost,    // the guest is gone or no longer answers
  kCancelled,    // interrupted by the user
  kInternal,     // a defect of ours
};

std::string_view to_string(ErrorCode code);
template <typename E>
class EnumNames;
EnumNames<ErrorCode> names_of(ErrorCode);  // base/enum_names.h

class Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  // The message gets ": strerror (ENAME)" added when it is rendered. The code is derived from `saved_errno`.
  static Error from_errno(int saved_errno, std::string message);

  ErrorCode code() const { return code_; }
  int saved_errno() const { return errno_; }
  const std::string& hint() const { return hint_; }

  // Where we were, outermost last: Error("open x").context("read kernel") renders as "read kernel: open x".
  Error& context(std::string where) &;
  Error&& context(std::string where) &&;
  // The way out, one sentence; rendered on a line of its own.
  Error& with_hint(std::string hint) &;
  Error&& with_hint(std::string hint) &&;

  // "outer: inner: message: errno text", without the hint.
  std::string message() const;
  // message() plus "\n  hint: ..." where there is one.
  std::string render() const;

 private:
  ErrorCode code_;
  int errno_ = 0;
  std::string message_;
  std::string hint_;
  std::vector<std::string> contexts_;
};

}  // namespace ktstr
