// SPDX-License-Identifier: Apache-2.0
#include "guest/line_source.h"

#include <fcntl.h>

#include <charconv>

#include "base/file.h"
#include "wire/kernel_reports.h"

namespace ktstr::guest {

Result<PipeLog> PipeLog::create(LogRecord::Stream stream) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe");
  PipeLog pipe(Fd{fds[0]}, Fd{fds[1]}, stream);
  if (::fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0) return fail_errno("cannot make a pipe non-blocking");
  return pipe;
}

void PipeLog::log_line(RecordLog& log, std::string line) {
  if (logged_ > kLimit) return;
  logged_ += line.size() + 1;
  if (logged_ > kLimit) line = "(the rest of the output is not kept)";
  log.log(stream_, std::move(line));
}

void PipeLog::drain(RecordLog& log) {
  char buffer[16384];
  while (read_end_.valid()) {
    const ssize_t got = ::read(read_end_.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      if (!partial_.empty()) log_line(log, std::exchange(partial_, {}));
      read_end_.reset();
      return;
    }
    partial_.append(buffer, static_cast<std::size_t>(got));
    for (std::size_t end; (end = partial_.find('\n')) != std::string::npos; partial_.erase(0, end + 1))
      log_line(log, partial_.substr(0, end));
    if (partial_.size() > 65536) log_line(log, std::exchange(partial_, {}));
  }
}

Result<KernelLog> KernelLog::open() {
  KTSTR_TRY_ASSIGN(Fd fd, open_file("/dev/kmsg", O_RDONLY | O_NONBLOCK));
  if (::lseek(fd.get(), 0, SEEK_END) < 0) return fail_errno("cannot seek in /dev/kmsg");
  return KernelLog(std::move(fd));
}

void KernelLog::drain(RecordLog& log) {
  char buffer[8192];
  for (;;) {
    const ssize_t got = ::read(fd_.get(), buffer, sizeof buffer);
    // EPIPE: the oldest were overwritten. The next record's number says how many.
    if (got < 0 && (errno == EINTR || errno == EPIPE)) continue;
    if (got <= 0) return;
    for (std::string& line : filter_.lines_of({buffer, static_cast<std::size_t>(got)}))
      log.log(LogRecord::Stream::kKernel, std::move(line));
  }
}

std::optional<KernelMessage> parse_kernel_message(std::string_view kmsg_record) {
  const std::size_t semicolon = kmsg_record.find(';');
  if (semicolon == std::string_view::npos) return {};
  std::uint64_t fields[3] = {};  // facility and level, sequence number, microseconds
  const char* at = kmsg_record.data();
  const char* const end = at + semicolon;
  for (std::uint64_t& field : fields) {
    const auto parsed = std::from_chars(at, end, field);
    if (parsed.ec != std::errc()) return {};
    at = parsed.ptr < end && *parsed.ptr == ',' ? parsed.ptr + 1 : parsed.ptr;
  }
  const std::string_view text = kmsg_record.substr(semicolon + 1);
  return KernelMessage{.of_kernel = fields[0] < 8,
                       .level = static_cast<unsigned>(fields[0] & 7),
                       .sequence = fields[1],
                       .microseconds = fields[2],
                       .text = text.substr(0, text.find('\n'))};
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
  if (lines_ < kMaxLines) return ++lines_ > 0;
  return of_report && ++report_lines_ <= kMaxReportLines;
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
  if (lines_ == kMaxLines && before < kMaxLines) add("(the rest of the kernel log is not kept, but for reports of faults)");
  return lines;
}

}  // namespace ktstr::guest
