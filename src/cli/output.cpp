// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <unistd.h>

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

// https://no-color.org
bool stdout_takes_colors() { return ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr; }

int exit_of(int status) { return nobody_reads() ? kExitNobodyReads : status; }

}  // namespace ktstr::cli
