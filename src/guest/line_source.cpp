// SPDX-License-Identifier: Apache-2.0
#include "guest/line_source.h"

#include <fcntl.h>

#include <charconv>

#include "base/file.h"

namespace ktstr::guest {

Result<KernelLog> KernelLog::open() {
  KTSTR_TRY_ASSIGN(Fd fd, open_file("/dev/kmsg", O_RDONLY | O_NONBLOCK));
  if (::lseek(fd.get(), 0, SEEK_END) < 0) return fail_errno("cannot seek in /dev/kmsg");
  return KernelLog(std::move(fd));
}

void KernelLog::drain(RecordLog& log) {
  char buffer[8192];
  // A share at a time: what logs without pause must not keep the agent from everything else.
  for (int record = 0; record < kShare; ++record) {
    const ssize_t got = ::read(fd_.get(), buffer, sizeof buffer);
    if (got < 0 && (errno == EINTR || errno == EPIPE)) continue;  // EPIPE: the oldest were overwritten
    if (got <= 0) return;
    std::string line = kernel_line_worth_keeping({buffer, static_cast<std::size_t>(got)});
    if (line.empty()) continue;
    if (++lines_ > kMaxLines) continue;
    log.log(LogRecord::Stream::kKernel, std::move(line));
  }
}

void KernelLog::finish(RecordLog& log) const {
  if (lines_ > kMaxLines)
    log.write(RecordType::kOutput,
              OutputRecord{.stream = LogRecord::Stream::kKernel, .printed = lines_, .dropped = lines_ - kMaxLines});
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
