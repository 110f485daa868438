// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/status_line.h"
#include "runner/interrupt.h"

namespace ktstr::cli {

Status print_out(std::string_view text) {
  if (nobody_reads()) return ok();
  Status written = write_above_status_line(STDOUT_FILENO, text).context("stdout");
  if (written || written.error().saved_errno() != EPIPE) return written;
  stop_as_nobody_reads();
  return ok();
}

std::size_t stdout_columns() {
  constexpr std::size_t kLeast = 40, kUnknown = 80;
  if (::isatty(STDOUT_FILENO) != 1) return 0;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUnknown;
  return std::max<std::size_t>(size.ws_col, kLeast);
}

// https://no-color.org
bool stdout_takes_colors() { return ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr; }

int exit_of(int status) { return nobody_reads() ? kExitNobodyReads : status; }

}  // namespace ktstr::cli
