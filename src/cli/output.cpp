// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <unistd.h>

#include "base/status_line.h"

namespace ktstr::cli {

Status print_out(std::string_view text) { return write_above_status_line(STDOUT_FILENO, text).context("stdout"); }

}  // namespace ktstr::cli
