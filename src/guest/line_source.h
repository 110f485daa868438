// SPDX-License-Identifier: Apache-2.0
//
// Text that programs and the kernel print, cut into lines and sent to the host.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

// One record of /dev/kmsg (Documentation/ABI/testing/dev-kmsg): "6,1234,5678,-;text\n KEY=value".
struct KernelMessage {
  bool of_kernel = false;  // else a program wrote it there
  unsigned level = 0;
  std::uint64_t sequence = 0;
  std::uint64_t microseconds = 0;  // since the boot
  std::string_view text;           // its first line
};
std::optional<KernelMessage> parse_kernel_message(std::string_view kmsg_record);

// Which messages are worth keeping: warnings and worse, everything that sched_ext says, and each report about a fault of
// the kernel with the lines after its first, whatever their level. Pure.
class KernelLogFilter {
 public:
  static constexpr std::size_t kMaxLines = 4000;
  static constexpr std::size_t kMaxReportLines = 2000;  // on top: where other lines filled the log
  // What is to be logged for this record; empty: nothing.
  std::vector<std::string> lines_of(std::string_view kmsg_record);

 private:
  bool is_kept(const KernelMessage& message);
  std::optional<std::uint64_t> next_sequence_;
  std::size_t lines_ = 0, report_lines_ = 0;
  std::size_t left_of_report_ = 0;  // lines
};

// The kernel's log from now on, as far as the filter keeps it.
class KernelLog {
 public:
  static Result<KernelLog> open();
  int fd() const { return fd_.get(); }
  void drain(RecordLog& log);

 private:
  explicit KernelLog(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
  KernelLogFilter filter_;
};

}  // namespace ktstr::guest
