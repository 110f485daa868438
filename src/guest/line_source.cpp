// SPDX-License-Identifier: Apache-2.0
#include "guest/line_source.h"

#include <fcntl.h>

#include <charconv>

#include "base/file.h"

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
    if (got < 0 && (errno == EINTR || errno == EPIPE)) continue;  // EPIPE: the oldest were overwritten
    if (got <= 0) return;
    std::string line = kernel_line_worth_keeping({buffer, static_cast<std::size_t>(got)});
    if (line.empty() || lines_ >= kMaxLines) continue;
    if (++lines_ == kMaxLines) line = "(the rest of the kernel log is not kept)";
    log.log(LogRecord::Stream::kKernel, std::move(line));
  }
}

std::string kernel_line_worth_keeping(std::string_view kmsg_record) {
  const std::size_t semicolon = kmsg_record.find(';');
  if (semicolon == std::string_view::npos) return "";
  unsigned facility_and_level = 0;
  std::uint64_t microseconds = 0;
  const std::string_view prefix = kmsg_record.substr(0, semicolon);
  std::from_chars(prefix.data(), prefix.data() + prefix.size(), facility_and_level);
  const std::size_t second_comma = prefix.find(',', prefix.find(',') + 1);
  if (second_comma != std::string_view::npos)
    std::from_chars(prefix.data() + second_comma + 1, prefix.data() + prefix.size(), microseconds);
  std::string_view text = kmsg_record.substr(semicolon + 1);
  text = text.substr(0, text.find('\n'));
  constexpr unsigned kWarning = 4;
  if ((facility_and_level & 7) > kWarning && text.find("sched_ext") == std::string_view::npos) return "";
  return fmt::format("[{:5}.{:06}] {}", microseconds / 1000000, microseconds % 1000000, text);
}

}  // namespace ktstr::guest
