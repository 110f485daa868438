// SPDX-License-Identifier: Apache-2.0
#include "payload/payload_process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <set>

#include "base/log.h"
#include "base/system/process.h"
#include "cgroup/group_dir.h"
#include "payload/captured_output.h"
#include "payload/json_output.h"
#include "payload/payload_child.h"
#include "payload/payload_program.h"
#include "payload/process_tree.h"
#include "payload/wait_readable.h"

namespace ktstr {

namespace {

// A killed task needs a CPU to die on; the kernel's watchdog removes a scheduler that gives none within 30 s.
constexpr std::chrono::seconds kDeathLimit{45};
// JSON is looked for in this much of a stream's end.
constexpr Bytes kMostJson = Bytes{16} << 20;

std::string next_mark() {
  static std::atomic<unsigned> count{0};
  return fmt::format("KTSTR_PAYLOAD={}.{}", ::getpid(), ++count);
}

// The first processes of all payloads of ours that are not reaped yet.
class RunningPayloads {
 public:
  void add(int pid) {
    const std::lock_guard lock(mutex_);
    pids_.insert(pid);
  }
  void remove(int pid) {
    const std::lock_guard lock(mutex_);
    pids_.erase(pid);
  }
  std::vector<int> besides(int pid) {
    const std::lock_guard lock(mutex_);
    std::vector<int> others(pids_.begin(), pids_.end());
    std::erase(others, pid);
    return others;
  }

 private:
  std::mutex mutex_;
  std::set<int> pids_;
};

RunningPayloads& running_payloads() {
  static RunningPayloads payloads;
  return payloads;
}

std::string where(const PayloadStart& start) {
  return start.cgroup.empty() ? fmt::format("payload '{}'", start.payload->name())
                              : fmt::format("payload '{}' in cgroup '{}'", start.payload->name(), start.cgroup);
}

// A process that is born into a frozen cgroup never comes to its exec, which we wait for.
Status refuse_frozen(const PayloadStart& start) {
  if (start.cgroup_dir == nullptr || !start.cgroup_dir->valid()) return ok();
  const auto events = read_group_file(*start.cgroup_dir, "cgroup.events");
  const auto asked = read_group_file(*start.cgroup_dir, "cgroup.freeze");
  const bool frozen = (events && events->find("frozen 1") != std::string::npos) || (asked && *asked == "1");
  if (!frozen) return ok();
  return fail(ErrorCode::kBusy, "the cgroup is frozen: no program can begin in it")
      .with_hint("unfreeze the cgroup first (Op::unfreeze_cgroup), and freeze it again when the payload runs");
}

Status check_start(const PayloadStart& start) {
  if (start.payload->kind() == Payload::Kind::kScheduler)
    return fail(ErrorCode::kInvalidArgument, "it is a scheduler and not a payload")
        .with_hint("name it as the run's scheduler (--scheduler, or the test's `scheduler`)");
  KTSTR_TRY(start.payload->validate());
  KTSTR_TRY(start.payload->check_args(start.args));
  return refuse_frozen(start);
}

}  // namespace

struct PayloadProcess::State {
  Payload payload;
  std::string cgroup;
  int step = 0;
  fs::path proc;
  std::string mark;
  CapturedStream out, err;
  Nanoseconds started{};
  pid_t pid = -1;
  Fd pidfd;
  std::optional<ExitStatus> status;  // once reaped
  bool given_up = false;             // SIGKILL does not end it
  std::optional<PayloadReport> report;

  std::string name() const { return fmt::format("payload '{}' (pid {})", payload.name(), pid); }

  // Ends all that is left of it. Until the first process is reaped, nobody else can have its pid, its group's or its
  // session's.
  Status end_and_reap() {
    if (status) return ok();
    const PayloadOrigin origin{pid, mark, ::getpid(), running_payloads().besides(pid)};
    Status ended = end_payload_tree(proc, origin, monotonic_now() + kDeathLimit);
    if (!ended) {
      given_up = ended.error().code() == ErrorCode::kTimedOut;
      return ended;
    }
    int wait_status = 0;
    while (::waitpid(pid, &wait_status, 0) < 0) {
      if (errno == EINTR) continue;
      auto error = fail_errno("cannot wait for {}", name());
      if (errno == ECHILD) error.with_hint("somebody else reaped it, or SIGCHLD is ignored in this process");
      return error;
    }
    running_payloads().remove(pid);
    status = ExitStatus::from_wait(wait_status);
    return ok();
  }

  std::string describe_end(Bytes out_size, Bytes err_size) const {
    const Bytes limit = payload.most_file_bytes();
    const bool over = status->kind == ExitStatus::Kind::kSignaled && status->value == SIGXFSZ;
    if (!over && out_size < limit && err_size < limit) return status->describe();
    const char* what = out_size >= limit ? "its stdout" : err_size >= limit ? "its stderr" : "a file of it";
    return fmt::format("{}: {} came to the limit of {} (Payload::file_limit)", status->describe(), what,
                       format_bytes(limit));
  }

  Status make_report(bool killed, Nanoseconds ended) {
    PayloadReport made{.name = payload.name(), .cgroup = cgroup, .step = step, .pid = pid};
    made.killed = killed && status->kind == ExitStatus::Kind::kSignaled && status->value == SIGKILL;
    KTSTR_TRY_ASSIGN(const Bytes out_size, out.size());
    KTSTR_TRY_ASSIGN(const Bytes err_size, err.size());
    made.exit = describe_end(out_size, err_size);
    made.exit_code = status->kind == ExitStatus::Kind::kExited ? status->value : -1;
    made.wall_time_ns = static_cast<std::uint64_t>((ended - started).count());
    KTSTR_TRY_ASSIGN(const std::string out_text, out.last(kMostJson));
    KTSTR_TRY_ASSIGN(const std::string err_text, err.last(kMostJson));
    auto extracted = extract_metrics(payload.metrics(), out_text, err_text, made.exit_code < 0);
    made.metrics = std::move(extracted.values);
    made.missing = std::move(extracted.missing);
    made.output_tail = output_tail(out_text, err_text);
    report = std::move(made);
    return ok();
  }

  Status finish(bool killed) {
    const Nanoseconds ended = monotonic_now();  // how long its death takes is not the program's time
    KTSTR_TRY(end_and_reap());
    return make_report(killed, ended);
  }
};

PayloadProcess::PayloadProcess(std::unique_ptr<State> state) : state_(std::move(state)) {}
PayloadProcess::PayloadProcess(PayloadProcess&&) noexcept = default;
PayloadProcess& PayloadProcess::operator=(PayloadProcess&& other) noexcept {
  if (this != &other) {
    const PayloadProcess ends(std::move(*this));
    state_ = std::move(other.state_);
  }
  return *this;
}

PayloadProcess::~PayloadProcess() {
  if (!state_ || state_->given_up) return;
  if (const Status dropped = state_->end_and_reap(); !dropped)
    log_warn("end {}: {}", state_->name(), dropped.error().render());
}

Result<PayloadProcess> PayloadProcess::start(const PayloadStart& start) {
  const std::string what = "start " + where(start);
  KTSTR_TRY(check_start(start).context(what));
  const Payload& payload = *start.payload;
  KTSTR_TRY_ASSIGN(const fs::path program, find_payload_program(payload, start.search_path).context(what));
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return fail_errno("{}: cannot become the reaper of its orphans", what);
  KTSTR_TRY_ASSIGN(CapturedStream out, CapturedStream::create("stdout").context(what));
  KTSTR_TRY_ASSIGN(CapturedStream err, CapturedStream::create("stderr").context(what));
  const std::string mark = next_mark();
  std::vector<std::string> argv{payload.program_name()};
  for (const auto* args : {&payload.default_args(), &start.args}) argv.insert(argv.end(), args->begin(), args->end());
  const Nanoseconds started = monotonic_now();
  KTSTR_TRY_ASSIGN(StartedChild child, start_payload_child({.program = program,
                                                            .argv = std::move(argv),
                                                            .environment = payload_environment(start.search_path, mark),
                                                            .cgroup_dir = start.cgroup_dir,
                                                            .moves_in = start.moves_in,
                                                            .stdout_fd = out.fd().get(),
                                                            .stderr_fd = err.fd().get(),
                                                            .file_limit = payload.most_file_bytes()})
                                           .context(what));
  running_payloads().add(child.pid);
  return PayloadProcess(std::unique_ptr<State>(new State{.payload = payload,
                                                         .cgroup = start.cgroup,
                                                         .step = start.step,
                                                         .proc = start.proc,
                                                         .mark = mark,
                                                         .out = std::move(out),
                                                         .err = std::move(err),
                                                         .started = started,
                                                         .pid = child.pid,
                                                         .pidfd = std::move(child.pidfd),
                                                         .report = {}}));
}

int PayloadProcess::pid() const { return state_->pid; }
const Fd& PayloadProcess::pidfd() const { return state_->pidfd; }
const Payload& PayloadProcess::payload() const { return state_->payload; }
const std::string& PayloadProcess::cgroup() const { return state_->cgroup; }

bool PayloadProcess::exited() const {
  if (state_->status) return true;
  const auto ended = wait_readable(state_->pidfd, monotonic_now());
  return ended && *ended;
}

Result<std::optional<PayloadReport>> PayloadProcess::wait(std::optional<Nanoseconds> timeout) {
  if (state_->report) return state_->report;
  std::optional<Nanoseconds> deadline;
  if (timeout) deadline = monotonic_now() + *timeout;
  KTSTR_TRY_ASSIGN(const bool ended, wait_readable(state_->pidfd, deadline).context("wait for " + state_->name()));
  if (!ended) return std::optional<PayloadReport>();
  KTSTR_TRY(state_->finish(false).context("end " + state_->name()));
  return state_->report;
}

Result<PayloadReport> PayloadProcess::kill() {
  if (!state_->report) {
    KTSTR_TRY_ASSIGN(const bool ended, wait_readable(state_->pidfd, monotonic_now()));
    KTSTR_TRY(state_->finish(!ended));
  }
  return *state_->report;
}

}  // namespace ktstr
