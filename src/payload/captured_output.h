// SPDX-License-Identifier: Apache-2.0
//
// One output stream of a payload, in a memfd that all its processes append to: nobody has to read along, so neither a
// full pipe nor a reader's turn changes how the payload runs. The kernel bounds it by the writers' RLIMIT_FSIZE.
//
// Surprising: a program that opens /dev/stdout or /dev/stderr anew with O_TRUNC empties what was written so far.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"

namespace ktstr {

class CapturedStream {
 public:
  static Result<CapturedStream> create(const char* name);
  const Fd& fd() const { return fd_; }
  Result<Bytes> size() const;
  // The last `most` bytes so far.
  Result<std::string> last(Bytes most) const;

 private:
  explicit CapturedStream(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

// The last lines of both, for reports; "" when neither holds any.
std::string output_tail(std::string_view standard_output, std::string_view standard_error);

// The same file under a number above the three standard ones, so that a child can dup2 freely.
Result<Fd> above_standard_fds(Fd fd);

}  // namespace ktstr
