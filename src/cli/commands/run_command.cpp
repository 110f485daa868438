// SPDX-License-Identifier: Apache-2.0
#include "base/system/process.h"
#include "cli/commands/commands.h"
#include "cli/exit_status.h"
#include "cli/run_request.h"
#include "cli/run_session.h"

namespace ktstr::cli {

int execute(const RunCommand& command) {
  set_verbosity(command.options.verbosity);
  RunnerEnvironment environment = RunnerEnvironment::from_process();
  environment.verbose = command.options.verbosity > 0;
  const auto program = own_executable();
  if (!program) return report_error(program.error());
  install_interrupt_handler();
  RunSession session(command.options, std::move(environment), false);
  session.add(command.file.stem().string(),
              [&](const RunOptions& options) { return request_for_file(command.file, options); },
              {.program = *program,
               .selection = {"run", named_for_repeat(command.file)},
               .environment = deciding_environment()});
  return session.run_all();
}

}  // namespace ktstr::cli
