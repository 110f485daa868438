// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <unistd.h>

#include "base/file.h"

namespace ktstr::cli {

Status print_out(std::string_view text) { return write_all(STDOUT_FILENO, as_byte_span(text)).context("stdout"); }

}  // namespace ktstr::cli
