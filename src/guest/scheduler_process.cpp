// SPDX-License-Identifier: Apache-2.0
#include "guest/scheduler_process.h"

#include <sched.h>
#include <signal.h>

namespace ktstr::guest {

namespace {

// Scripts call programs by name: those that came with the scheduler are beside it, others where they were on the host.
constexpr const char* kSearchPath = "PATH=/ktstr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool of_teardown(SchedulerRecord::Kind kind) { return kind >= SchedulerRecord::Kind::kNotRun; }

}  // namespace

Result<SchedulerProcess> SchedulerProcess::start(const std::vector<std::string>& argv, RecordLog& log) {
  const SchedExtState before = read_sched_ext_state("/sys");
  KTSTR_TRY_ASSIGN(PipeLog output, PipeLog::create(LogRecord::Stream::kScheduler));
  KTSTR_TRY_ASSIGN(Subprocess process, Subprocess::start({.argv = argv,
                                                          .env = {kSearchPath},
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

Status SchedulerProcess::signal(int number) {
  if (::kill(-process_.pid(), number) != 0) return fail_errno("cannot signal the scheduler's process group");
  return ok();
}

bool SchedulerProcess::was_not_run_since(const ProcessLook& before) const {
  const ProcessLook now = look();
  return now.runnable && now.cpu_ns == before.cpu_ns;
}

void SchedulerProcess::make_realtime(int priority) const {
  sched_param parameters{};
  parameters.sched_priority = priority;
  for (const pid_t thread : look().threads) ::sched_setscheduler(thread, SCHED_FIFO, &parameters);  // it may be ending
}

void SchedulerProcess::report(RecordLog& log, SchedulerRecord::Kind kind) {
  const SchedExtState state = read_sched_ext_state("/sys");
  log.write(RecordType::kScheduler, SchedulerRecord{.kind = kind,
                                                    .pid = process_.pid(),
                                                    .state = state.state,
                                                    .ops = state.ops,
                                                    .exit = of_teardown(kind) ? look().text : exit_,
                                                    .enable_seq = state.enable_seq});
}

}  // namespace ktstr::guest
