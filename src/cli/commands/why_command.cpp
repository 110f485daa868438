// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/why/why.h"
#include "results/find_run.h"
#include "results/run_directory.h"
#include "runner/environment.h"
#include "runner/interrupt.h"
#include "runner/replay/auto_repro.h"
#include "runner/replay/stored_request.h"
#include "runner/store_run.h"

namespace ktstr::cli {

namespace {

// Its record gets what the replay saw, and keeps it.
Status replay_failure(const fs::path& run, const RunnerEnvironment& environment) {
  KTSTR_TRY_ASSIGN(StoredRun stored, load_stored_run(run));
  if (!stored.record || stored.record->outcome != Outcome::kFail)
    return fail(ErrorCode::kInvalidArgument, "{} is no failure that could be replayed", stored.id);
  if (stored.record->mode != "det")
    return fail(ErrorCode::kInvalidArgument, "{} ran in {} mode, which does not repeat", stored.id, stored.record->mode)
        .with_hint("run it again with --auto-repro, which looks for the failure in det mode");
  install_interrupt_handler();
  RunRecord record = *stored.record;
  record.repro = reproduce(stored.request, record, environment);
  if (interrupted()) return fail(ErrorCode::kCancelled, "interrupted");
  store_run(record);
  return ok();
}

Status tell(const WhyCommand& command) {
  const RunnerEnvironment environment = RunnerEnvironment::from_process();
  KTSTR_TRY(has_directories(environment));
  KTSTR_TRY_ASSIGN(const fs::path run, find_run(environment.state_dir, command.run));
  KTSTR_TRY_ASSIGN(const std::optional<FileLock> held, hold_run(run));
  const Progress progress(Progress::kind(), command.json);
  if (command.replay) KTSTR_TRY(replay_failure(run, environment));
  KTSTR_TRY_ASSIGN(const Why why, find_out_why(run));
  return print_out(command.json ? to_json(why) : to_text(why, stdout_takes_colors()));
}

}  // namespace

int execute(const WhyCommand& command) {
  const Status status = tell(command);
  return status || nobody_reads() ? kExitOk : report_error(status.error());
}

}  // namespace ktstr::cli
