// SPDX-License-Identifier: Apache-2.0
#include "payload/captured_output.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>

namespace ktstr {

namespace {

constexpr std::size_t kTailLines = 10;  // of each stream
constexpr std::size_t kTailBytes = 4096;

std::string_view last_lines(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  std::size_t begin = text.size() > kTailBytes ? text.size() - kTailBytes : 0;
  std::size_t at = text.size();
  for (std::size_t lines = 0; lines < kTailLines && at != 0; ++lines) {
    const std::size_t newline = text.rfind('\n', at - 1);
    if (newline == std::string_view::npos) return text.substr(begin);
    at = newline;
  }
  return text.substr(std::max(begin, at == 0 ? 0 : at + 1));
}

}  // namespace

Result<Fd> above_standard_fds(Fd fd) {
  if (fd.get() > 2) return fd;
  Fd above(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
  if (!above.valid()) return fail_errno("cannot duplicate a file descriptor");
  return above;
}

Result<CapturedStream> CapturedStream::create(const char* name) {
  Fd fd(::memfd_create(name, MFD_CLOEXEC));
  if (!fd.valid()) return fail_errno("cannot make a memory file for a payload's {}", name);
  if (::fcntl(fd.get(), F_SETFL, O_APPEND) != 0) return fail_errno("cannot make the memory file for {} append", name);
  KTSTR_TRY_ASSIGN(Fd above, above_standard_fds(std::move(fd)));
  return CapturedStream(std::move(above));
}

Result<Bytes> CapturedStream::size() const {
  struct stat info {};
  if (::fstat(fd_.get(), &info) != 0) return fail_errno("cannot tell the size of a payload's output");
  return static_cast<Bytes>(info.st_size);
}

Result<std::string> CapturedStream::last(Bytes most) const {
  KTSTR_TRY_ASSIGN(const Bytes end, size());
  std::string text(std::min(end, most), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const auto at = static_cast<off_t>(end - text.size() + done);
    const ssize_t got = ::pread(fd_.get(), text.data() + done, text.size() - done, at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read a payload's output");
    if (got == 0) break;  // truncated meanwhile
    done += static_cast<std::size_t>(got);
  }
  text.resize(done);
  return text;
}

std::string output_tail(std::string_view standard_output, std::string_view standard_error) {
  const std::string_view out = last_lines(standard_output), err = last_lines(standard_error);
  if (out.empty() || err.empty()) return std::string(out.empty() ? err : out);
  return fmt::format("{}\n{}", out, err);
}

}  // namespace ktstr
