// SPDX-License-Identifier: Apache-2.0
//
// Text that the kernel prints, cut into lines and sent to the host.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "base/text/kernel_message.h"
#include "guest/mailbox_mapping.h"

namespace ktstr::guest {

// Which messages are worth keeping: warnings and worse, everything that sched_ext says, and each report about a fault
// of the kernel with the lines after its first, whatever their level. Pure.
class KernelLogFilter {
 public:
  static constexpr std::size_t kMaxLines = 4000;
  static constexpr std::size_t kMaxReportLines = 2000;  // on top: where other lines filled the log
  // What is to be logged for this record; empty: nothing.
  std::vector<std::string> lines_of(std::string_view kmsg_record);
  std::size_t wanted() const { return wanted_; }    // lines that were worth keeping
  std::size_t dropped() const { return dropped_; }  // of those: not kept, since there were too many

 private:
  bool is_kept(const KernelMessage& message);
  std::optional<std::uint64_t> next_sequence_;
  std::size_t lines_ = 0, report_lines_ = 0, wanted_ = 0, dropped_ = 0;
  std::size_t left_of_report_ = 0;  // lines
};

// The kernel's log from now on, as far as the filter keeps it.
class KernelLog {
 public:
  static constexpr int kShare = 500;  // records read at most at a time
  static Result<KernelLog> open();
  int fd() const { return fd_.get(); }
  // Reads a share of what is there; true: there may be more.
  bool drain(RecordLog& log);
  // At the end of the run: how many lines were not kept, where that is any.
  void finish(RecordLog& log);

 private:
  explicit KernelLog(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
  KernelLogFilter filter_;
};

}  // namespace ktstr::guest
