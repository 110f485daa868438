// SPDX-License-Identifier: Apache-2.0
//
// Text that programs and the kernel print, cut into lines and sent to the host.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "guest/mailbox_mapping.h"

namespace ktstr::guest {

// A program's output through a pipe. A chatty program is cut off after kLimit bytes, and the log says so.
class PipeLog {
 public:
  static constexpr std::size_t kLimit = 2 << 20;
  static Result<PipeLog> create(LogRecord::Stream stream);
  int read_fd() const { return read_end_.get(); }  // -1 once the writers are gone
  int write_fd() const { return write_end_.get(); }
  // After the program was started: ours would keep the pipe open.
  void close_write_end() { write_end_.reset(); }
  // Reads what is there without blocking and logs whole lines.
  void drain(RecordLog& log);

 private:
  PipeLog(Fd read_end, Fd write_end, LogRecord::Stream stream)
      : read_end_(std::move(read_end)), write_end_(std::move(write_end)), stream_(stream) {}
  void log_line(RecordLog& log, std::string line);
  Fd read_end_, write_end_;
  LogRecord::Stream stream_;
  std::string partial_;
  std::size_t logged_ = 0;
};

// The kernel's log from now on: warnings and worse, and everything that sched_ext says.
class KernelLog {
 public:
  static constexpr std::size_t kMaxLines = 4000;
  static Result<KernelLog> open();
  int fd() const { return fd_.get(); }
  void drain(RecordLog& log);

 private:
  explicit KernelLog(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
  std::size_t lines_ = 0;
};

// "6,1234,5678,-;text\n KEY=value" as /dev/kmsg gives it -> "[    0.005678] text" when it is worth keeping, else "".
std::string kernel_line_worth_keeping(std::string_view kmsg_record);

}  // namespace ktstr::guest
