// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "cli/commands/commands.h"

namespace ktstr::cli {

void set_verbosity(int verbosity) {
  set_log_level(verbosity >= 2 ? LogLevel::kDebug : verbosity == 1 ? LogLevel::kInfo : LogLevel::kWarn);
}

}  // namespace ktstr::cli
