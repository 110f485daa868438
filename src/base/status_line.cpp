// SPDX-License-Identifier: Apache-2.0
#include "base/status_line.h"

#include <unistd.h>

#include <mutex>
#include <string>

#include "base/bytes.h"
#include "base/file.h"
#include "base/text/printable.h"

namespace ktstr {

namespace {

constexpr std::string_view kClear = "\r\x1b[K";  // to the line's start; erase to its end (ECMA-48, EL)

std::mutex status_mutex;
std::string status_line;

void draw(std::string_view text) {
  ignore_result(write_all(STDERR_FILENO, as_byte_span(text)), "there is nobody left to tell");
}

}  // namespace

void set_status_line(std::string_view text) {
  const std::string shown = escaped(text);
  const std::lock_guard lock(status_mutex);
  if (shown == status_line) return;
  status_line = shown;
  draw(std::string(kClear) + status_line);
}

Status write_above_status_line(int fd, std::string_view text) {
  const std::string shown = escaped(text, ::isatty(fd) == 1 ? Colors::kOurs : Colors::kNone);
  const std::lock_guard lock(status_mutex);
  if (status_line.empty()) return write_all(fd, as_byte_span(shown));
  draw(kClear);
  Status status = write_all(fd, as_byte_span(shown));
  draw(status_line);
  return status;
}

}  // namespace ktstr
