// SPDX-License-Identifier: Apache-2.0
#include "engine/watch/output_watch.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"

namespace ktstr {

namespace {

// What is not there is empty.
Bytes size_of(const fs::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<Bytes>(info.st_size) : 0;
}

Result<std::string> read_part(const Fd& fd, const fs::path& path, Bytes offset, Bytes length) {
  std::string part(length, '\0');
  std::size_t used = 0;
  while (used < part.size()) {
    const ssize_t got = ::pread(fd.get(), part.data() + used, part.size() - used, static_cast<off_t>(offset + used));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read {}", path.string());
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  part.resize(used);
  return part;
}

}  // namespace

std::optional<Lifecycle::Finding> OutputWatch::look() const {
  if (size_of(console_) > kMostConsole)
    return Lifecycle::Finding{GuestEnd::kFlood,
                              fmt::format("the guest printed more than {} on its console", format_bytes(kMostConsole))};
  if (size_of(qemu_output_) > kMostOfQemu)
    return Lifecycle::Finding{GuestEnd::kCorrupt,
                              fmt::format("QEMU itself printed more than {}, as some devices do when "
                                          "a guest misuses them",
                                          format_bytes(kMostOfQemu))};
  return {};
}

Result<Bytes> cut_out_the_middle(const fs::path& path, Bytes part) {
  const Bytes size = size_of(path);
  if (size <= 2 * part) return Bytes{0};
  const Bytes missing = size - 2 * part;
  KTSTR_TRY_ASSIGN(const Fd fd, open_file(path, O_RDONLY));
  KTSTR_TRY_ASSIGN(std::string text, read_part(fd, path, 0, part));
  KTSTR_TRY_ASSIGN(const std::string end, read_part(fd, path, size - part, part));
  text += fmt::format("\n[ktstr: {} bytes of the console are not kept]\n", missing);
  text += end;
  KTSTR_TRY(write_atomically(path, as_byte_span(text)));
  return missing;
}

}  // namespace ktstr
