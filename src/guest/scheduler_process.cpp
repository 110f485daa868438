// SPDX-License-Identifier: Apache-2.0
#include "guest/scheduler_process.h"

namespace ktstr::guest {

Result<SchedulerProcess> SchedulerProcess::start(const std::vector<std::string>& argv, RecordLog& log) {
  const SchedExtState before = read_sched_ext_state("/sys");
  KTSTR_TRY_ASSIGN(PipeLog output, PipeLog::create(LogRecord::Stream::kScheduler));
  KTSTR_TRY_ASSIGN(Subprocess process, Subprocess::start({.argv = argv,
                                                          .stdout_fd = output.write_fd(),
                                                          .stderr_fd = output.write_fd(),
                                                          .working_dir = "/"}));
  output.close_write_end();
  SchedulerProcess scheduler(std::move(process), std::move(output));
  scheduler.counted_ = before.has_enable_seq;
  scheduler.enable_seq_before_ = before.enable_seq;
  scheduler.report(log, SchedulerRecord::Kind::kStarted);
  return scheduler;
}

bool SchedulerProcess::note_exit(RecordLog& log) {
  if (ended_) return true;
  const auto status = process_.wait(std::chrono::milliseconds(0));
  if (status && !*status) return false;
  ended_ = true;
  exit_ = status ? (*status)->describe() : status.error().message();
  output_.drain(log);
  report(log, SchedulerRecord::Kind::kExited);
  return true;
}

void SchedulerProcess::report(RecordLog& log, SchedulerRecord::Kind kind) {
  const SchedExtState state = read_sched_ext_state("/sys");
  log.write(RecordType::kScheduler, SchedulerRecord{.kind = kind,
                                                    .pid = process_.pid(),
                                                    .state = state.state,
                                                    .ops = state.ops,
                                                    .exit = exit_,
                                                    .enable_seq = state.enable_seq});
}

}  // namespace ktstr::guest
