// SPDX-License-Identifier: Apache-2.0
#include <variant>

#include "base/log.h"
#include "cli/commands/commands.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "host/host_body.h"

namespace ktstr::cli {

int execute(const ShowText& text) {
  const Status printed = print_out(text.text);
  return printed ? kExitOk : report_error(printed.error());
}

}  // namespace ktstr::cli

int main(int argc, char** argv) {
  using namespace ktstr::cli;
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (!arguments.empty() && arguments.front() == ktstr::kHostBodyArgument) return ktstr::host_scenario_main();
  return guarded([&] {
    const auto command = parse_command_line(arguments);
    if (!command) return report_error(command.error());
    return std::visit([](const auto& one) { return execute(one); }, *command);
  });
}
