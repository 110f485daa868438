// SPDX-License-Identifier: Apache-2.0
#include "base/system/process.h"
#include "cli/commands/commands.h"
#include "cli/exit_status.h"
#include "cli/run_request.h"
#include "cli/run_session.h"
#include "scenario_file/scenario_file.h"

namespace ktstr::cli {

namespace {

// As it is written when the run is repeated from anywhere.
std::string named(const std::filesystem::path& file) {
  if (file.native().starts_with(kCannedPrefix)) return file.native();
  return std::filesystem::absolute(file).lexically_normal().native();
}

}  // namespace

int execute(const RunCommand& command) {
  set_verbosity(command.options.verbosity);
  auto request = request_for_file(command.file, command.options);
  RunnerEnvironment environment = RunnerEnvironment::from_process();
  environment.verbose = command.options.verbosity > 0;
  RunSession session(command.options, std::move(environment), false);
  if (!request) {
    session.refuse(command.file.stem().string(), request.error());
    session.run_all();
    return session.finish();
  }
  const auto program = own_executable();
  if (!program) return report_error(program.error());
  install_interrupt_handler();
  session.add(*std::move(request),
              {.program = *program, .selection = {"run", named(command.file)}, .environment = deciding_environment()});
  session.run_all();
  return session.finish();
}

}  // namespace ktstr::cli
