// SPDX-License-Identifier: Apache-2.0
#include "guest/line_source.h"

#include <fcntl.h>

#include "base/file.h"
#include "wire/kernel_reports.h"

namespace ktstr::guest {

Result<KernelLog> KernelLog::open() {
  KTSTR_TRY_ASSIGN(Fd fd, open_file("/dev/kmsg", O_RDONLY | O_NONBLOCK));
  if (::lseek(fd.get(), 0, SEEK_END) < 0) return fail_errno("cannot seek in /dev/kmsg");
  return KernelLog(std::move(fd));
}

bool KernelLog::drain(RecordLog& log) {
  char buffer[8192];
  // A share at a time: what logs without pause must not keep the agent from everything else.
  for (int record = 0; record < kShare; ++record) {
    const ssize_t got = ::read(fd_.get(), buffer, sizeof buffer);
    // EPIPE: the oldest were overwritten. The next record's number says how many.
    if (got < 0 && (errno == EINTR || errno == EPIPE)) continue;
    if (got <= 0) return false;
    for (std::string& line : filter_.lines_of({buffer, static_cast<std::size_t>(got)}))
      log.log(LogRecord::Stream::kKernel, std::move(line));
  }
  return true;
}

void KernelLog::finish(RecordLog& log) {
  // More than the kernel's buffer holds, unless it still fills.
  constexpr int kMostShares = 40;
  for (int share = 0; share < kMostShares && drain(log); ++share) {
  }
  if (filter_.dropped() == 0) return;
  log.write(
      RecordType::kOutput,
      OutputRecord{.stream = LogRecord::Stream::kKernel, .printed = filter_.wanted(), .dropped = filter_.dropped()});
}

bool KernelLogFilter::is_kept(const KernelMessage& message) {
  constexpr unsigned kWarning = 4;
  // Longer than the longest: registers, code bytes, modules and a deep stack.
  constexpr std::size_t kReportLines = 80;
  const bool begins = message.of_kernel && (is_cut_here(message.text) || kernel_report_kind(message.text));
  if (begins) left_of_report_ = kReportLines;
  const bool of_report = left_of_report_ > 0;
  if (of_report) --left_of_report_;
  if (!of_report && message.level > kWarning && message.text.find("sched_ext") == std::string_view::npos) return false;
  ++wanted_;
  if (lines_ < kMaxLines) return ++lines_ > 0;
  if (of_report && ++report_lines_ <= kMaxReportLines) return true;
  ++dropped_;
  return false;
}

std::vector<std::string> KernelLogFilter::lines_of(std::string_view kmsg_record) {
  const auto message = parse_kernel_message(kmsg_record);
  if (!message) return {};
  std::vector<std::string> lines;
  auto add = [&](std::string_view text) {
    lines.push_back(
        fmt::format("[{:5}.{:06}] {}", message->microseconds / 1000000, message->microseconds % 1000000, text));
  };
  if (next_sequence_ && message->sequence > *next_sequence_) add(lost_lines_text(message->sequence - *next_sequence_));
  next_sequence_ = message->sequence + 1;
  const std::size_t before = lines_;
  if (!is_kept(*message)) return lines;
  // What a program wrote must not look like the kernel's own words.
  add(message->of_kernel ? std::string(message->text) : fmt::format("(a program) {}", message->text));
  if (lines_ == kMaxLines && before < kMaxLines)
    add("(the rest of the kernel log is not kept, but for reports of faults)");
  return lines;
}

}  // namespace ktstr::guest
