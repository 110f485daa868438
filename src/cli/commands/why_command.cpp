// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.h"
#include "cli/commands/why.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "results/find_run.h"
#include "results/run_directory.h"
#include "runner/environment.h"
#include "runner/interrupt.h"

namespace ktstr::cli {

namespace {

Status tell(const WhyCommand& command) {
  const RunnerEnvironment environment = RunnerEnvironment::from_process();
  KTSTR_TRY(has_directories(environment));
  KTSTR_TRY_ASSIGN(const fs::path run, find_run(environment.state_dir, command.run));
  KTSTR_TRY_ASSIGN(const std::optional<FileLock> held, hold_run(run));
  KTSTR_TRY_ASSIGN(const Why why, find_out_why(run));
  return print_out(command.json ? to_json(why) : to_text(why, stdout_takes_colors()));
}

}  // namespace

int execute(const WhyCommand& command) {
  const Status status = tell(command);
  return status || nobody_reads() ? kExitOk : report_error(status.error());
}

}  // namespace ktstr::cli
