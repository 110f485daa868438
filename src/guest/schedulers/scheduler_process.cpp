// SPDX-License-Identifier: Apache-2.0
#include "guest/schedulers/scheduler_process.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "guest/processes/programs.h"

namespace ktstr::guest {

namespace {

// Scripts call programs by name: those that came with the scheduler are beside it, others where they were on the host.
constexpr const char* kSearchPath = "PATH=/ktstr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool of_end(SchedulerRecord::Kind kind) { return kind >= SchedulerRecord::Kind::kNotRun; }

}  // namespace

Result<SchedulerProcess> SchedulerProcess::spawn(const std::vector<std::string>& argv, std::vector<int> inherit_fds) {
  KTSTR_TRY_ASSIGN(PipeLog output, PipeLog::create(LogRecord::Stream::kScheduler));
  KTSTR_TRY_ASSIGN(Subprocess process, Subprocess::start({.argv = argv,
                                                          .env = {kSearchPath},
                                                          .stdout_fd = output.write_fd(),
                                                          .stderr_fd = output.write_fd(),
                                                          .inherit_fds = std::move(inherit_fds),
                                                          .working_dir = "/"}));
  output.close_write_end();
  return SchedulerProcess(std::move(process), std::move(output));
}

void SchedulerProcess::begin(const SchedExtState& before, std::uint32_t life, std::string name, RecordLog& log) {
  life_ = life;
  name_ = std::move(name);
  counted_ = before.has_enable_seq;
  enable_seq_before_ = before.enable_seq;
  report(log, SchedulerRecord::Kind::kStarted);
}

Result<SchedulerProcess> SchedulerProcess::start(const std::vector<std::string>& argv, std::uint32_t life,
                                                 std::string name, RecordLog& log) {
  const SchedExtState before = read_sched_ext_state("/sys");
  KTSTR_TRY_ASSIGN(SchedulerProcess scheduler, spawn(argv));
  scheduler.begin(before, life, std::move(name), log);
  return scheduler;
}

Result<SchedulerProcess> SchedulerProcess::prepare(const std::vector<std::string>& argv) {
  KTSTR_TRY_ASSIGN(auto ends, AttachGate::create());
  KTSTR_TRY_ASSIGN(SchedulerProcess scheduler, spawn(AttachGate::command(ends.second, argv), {ends.second.get()}));
  scheduler.gate_ = std::move(ends.first);
  return scheduler;
}

void SchedulerProcess::let_go(std::uint32_t life, std::string name, RecordLog& log) {
  begin(read_sched_ext_state("/sys"), life, std::move(name), log);
  if (gate_) gate_->open();
}

// The agent is the parent of a successor, too, and nobody else reaps it.
Result<std::optional<ExitStatus>> SchedulerProcess::poll_end() {
  if (!successor_) return process_.wait(std::chrono::milliseconds(0));
  int status = 0;
  const pid_t ended = ::waitpid(successor_->pid, &status, WNOHANG);
  if (ended < 0) return fail_errno("cannot wait for process {}", successor_->pid);
  if (ended == 0) return std::optional<ExitStatus>();
  return std::optional(ExitStatus::from_wait(status));
}

// Another status than 0 is a failure, whoever lives on.
bool SchedulerProcess::hand_over(RecordLog& log, const ExitStatus& status, pid_t body, const Others& others) {
  if (!status.success()) return false;
  auto living = programs_below("/proc", ::getpid(), body);
  const std::vector<pid_t> passed_over = others();
  std::erase_if(living, [&](const Program& each) {
    return std::find(passed_over.begin(), passed_over.end(), each.pid) != passed_over.end();
  });
  if (living.empty()) return false;
  const Program& next = living.front();
  log.log(LogRecord::Stream::kScheduler,
          fmt::format("(its process {} {} and left {} ({}) behind, which is taken for the scheduler)", pid(),
                      status.describe(), next.pid, next.name));
  successor_ = Successor{next.pid, Fd(static_cast<int>(::syscall(SYS_pidfd_open, next.pid, 0)))};
  report(log, SchedulerRecord::Kind::kStarted);
  return true;
}

bool SchedulerProcess::note_exit(RecordLog& log, std::optional<pid_t> body, const Others& others) {
  if (ended_) return true;
  const auto status = poll_end();
  if (status && !*status) return false;
  output_.drain(log);
  if (status && body && hand_over(log, **status, *body, others)) return false;
  ended_ = true;
  exit_ = status ? (*status)->describe() : status.error().message();
  report(log, SchedulerRecord::Kind::kExited);
  return true;
}

bool SchedulerProcess::is_over() const {
  pollfd look{process_.pidfd().get(), POLLIN, 0};
  return ::poll(&look, 1, 0) == 1;
}

std::vector<pid_t> SchedulerProcess::processes(pid_t body) const {
  std::vector<pid_t> pids;
  for (const Program& program : programs_below("/proc", ::getpid(), body)) pids.push_back(program.pid);
  return pids;
}

Status SchedulerProcess::signal_everybody(int number) {
  if (::getpid() != 1) return fail(ErrorCode::kInternal, "only PID 1 of a guest signals everybody");
  if (::kill(-1, number) != 0) return fail_errno("cannot signal the programs of the guest");
  return ok();
}

void SchedulerProcess::signal_family(int number) const {
  if (!ended_) ::kill(pid(), number);
  for (const Program& program : programs_below("/proc", pid(), 0)) ::kill(program.pid, number);
}

SchedulerProcess::Looks SchedulerProcess::look_at_family() const {
  Looks looks{{pid(), look_at_process("/proc", pid())}};
  for (const Program& program : programs_below("/proc", pid(), 0))
    looks.emplace(program.pid, look_at_process("/proc", program.pid));
  return looks;
}

bool SchedulerProcess::was_not_run_since(const Looks& before) {
  return std::any_of(before.begin(), before.end(), [](const auto& seen) {
    const ProcessLook now = look_at_process("/proc", seen.first);
    return now.runnable && now.cpu_ns == seen.second.cpu_ns;
  });
}

void SchedulerProcess::make_realtime(const Looks& family, int priority) {
  sched_param parameters{};
  parameters.sched_priority = priority;
  for (const auto& [pid, look] : family)
    for (const pid_t thread : look_at_process("/proc", pid).threads)
      ::sched_setscheduler(thread, SCHED_FIFO, &parameters);  // it may be ending
}

ProcessLook SchedulerProcess::look_at_what_is_left(pid_t body) const {
  if (!ended_) return look_at_process("/proc", pid());
  const auto left = programs_below("/proc", ::getpid(), body);
  return look_at_process("/proc", left.empty() ? pid() : left.front().pid);
}

void SchedulerProcess::report(RecordLog& log, SchedulerRecord::Kind kind, pid_t body) {
  const SchedExtState state = read_sched_ext_state("/sys");
  log.write(RecordType::kScheduler, SchedulerRecord{.kind = kind,
                                                    .pid = pid(),
                                                    .state = state.state,
                                                    .ops = state.ops,
                                                    .exit = of_end(kind) ? look_at_what_is_left(body).text : exit_,
                                                    .enable_seq = state.enable_seq,
                                                    .life = life_,
                                                    .name = name_});
}

}  // namespace ktstr::guest
