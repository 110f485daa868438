// SPDX-License-Identifier: Apache-2.0
//
// Text that the kernel prints, cut into lines and sent to the host.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "guest/mailbox_mapping.h"

namespace ktstr::guest {

// The kernel's log from now on: warnings and worse, and everything that sched_ext says.
class KernelLog {
 public:
  static constexpr std::size_t kMaxLines = 4000;
  static constexpr int kShare = 500;  // records read at most at a time
  static Result<KernelLog> open();
  int fd() const { return fd_.get(); }
  void drain(RecordLog& log);
  // At the end of the run: how many lines were not kept, where that is any.
  void finish(RecordLog& log) const;

 private:
  explicit KernelLog(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
  std::size_t lines_ = 0;
};

// "6,1234,5678,-;text\n KEY=value" as /dev/kmsg gives it -> "[    0.005678] text" when it is worth keeping, else "".
std::string kernel_line_worth_keeping(std::string_view kmsg_record);

}  // namespace ktstr::guest
