// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "canned/canned.h"
#include "cli/commands/commands.h"
#include "cli/exit_status.h"
#include "cli/output.h"

namespace ktstr::cli {

int execute(const ScenariosCommand& command) {
  std::string text;
  nlohmann::json list = nlohmann::json::array();
  for (const CannedScenario& each : canned_scenarios()) {
    text += fmt::format(":{:<20} {:<9} {}\n", each.name, each.topology, each.what);
    list.push_back({{"name", each.name}, {"topology", each.topology}, {"what", each.what}});
  }
  const Status printed = print_out(command.json ? list.dump(2) + "\n" : text);
  return printed ? kExitOk : report_error(printed.error());
}

}  // namespace ktstr::cli
