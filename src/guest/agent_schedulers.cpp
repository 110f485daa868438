// SPDX-License-Identifier: Apache-2.0
//
// The agent's part that starts and ends schedulers: before the body, for its ops, and after it.
#include <poll.h>
#include <signal.h>

#include "base/system/oom_score.h"
#include "guest/agent.h"
#include "guest/apply_setup.h"
#include "workload/task/priorities.h"

namespace ktstr::guest {

using std::chrono::milliseconds;

namespace {

// A runnable process that gets no CPU for so long while nothing else is left to run.
constexpr std::chrono::seconds kNotRunLimit{2};
// That a scheduler may do nothing before it is attached.
constexpr std::chrono::seconds kIdleLimit{15};
// See wait_until_quiet(): a scheduler that has just attached is done within 100 ms, or never quiet.
constexpr milliseconds kAttachedLook{10}, kAttachedQuietLimit{100};
// For what is being unloaded already.
constexpr std::chrono::seconds kUnloadingLimit{2};
// That a scheduler gets after SIGTERM before anybody looks at its processes.
constexpr milliseconds kEndsByItself{100};
// That ops have for the end of a scheduler, of which half comes before SIGKILL.
constexpr std::chrono::seconds kDetachLimit{20};
// What is to be done at once, as by a process that gets SIGKILL.
constexpr std::chrono::seconds kSoon{2};

}  // namespace

namespace {

void serve_if_readable(AttachGate* gate) {
  if (gate == nullptr || gate->fd() < 0) return;
  pollfd look{gate->fd(), POLLIN, 0};
  if (::poll(&look, 1, 0) == 1) gate->serve();
}

}  // namespace

void Agent::add_gates(std::vector<pollfd>& fds) {
  for (auto& [name, scheduler] : ready_)
    if (AttachGate* const gate = scheduler.gate()) fds.push_back({gate->fd(), POLLIN, 0});
  for (auto* scheduler : {&scheduler_, &standing_})
    if (*scheduler && (*scheduler)->gate() != nullptr) fds.push_back({(*scheduler)->gate()->fd(), POLLIN, 0});
}

void Agent::serve_gates() {
  for (auto& [name, scheduler] : ready_) serve_if_readable(scheduler.gate());
  for (auto* scheduler : {&scheduler_, &standing_})
    if (*scheduler) serve_if_readable((*scheduler)->gate());
}

void Agent::make_ready(const AttachJob& job) {
  for (const auto& [name, copies] : job.copies) {
    const auto staged = job.staged.find(name);
    for (int i = 0; staged != job.staged.end() && i < copies; ++i) {
      ignore_result(set_oom_score_adj(kSeldomKilled), "start_scheduler() says so");
      auto prepared = SchedulerProcess::prepare(staged->second);
      ignore_result(set_oom_score_adj(kNeverKilled), "start_scheduler() says so");
      if (!prepared) return;
      const auto added = ready_.emplace(name, *std::move(prepared));
      SchedulerProcess& scheduler = added->second;
      const auto stands = [&] { return scheduler.gate()->is_holding(); };
      const auto is_loaded = [] { return read_sched_ext_state("/sys").state != "disabled"; };
      serve_until([&] { return stands() || scheduler.gate()->fd() < 0 || scheduler.is_over() || is_loaded(); },
                  monotonic_now() + job.limit, milliseconds(5));
      if (stands()) continue;
      ready_.erase(added);
      // It may have come past the gate: a struct_ops map can be attached without a link, too.
      serve_until([&] { return !is_loaded(); }, monotonic_now() + kSoon, milliseconds(5));
    }
  }
}

Status Agent::take_scheduler(const std::vector<std::string>& argv, const std::string& name) {
  const auto ready = ready_.find(name);
  if (ready == ready_.end()) return start_scheduler(argv, name);
  last_argv_ = argv;
  last_name_ = name;
  scheduler_ = std::move(ready->second);
  ready_.erase(ready);
  scheduler_->let_go(++schedulers_, name, log_);
  return ok();
}

Status Agent::start_scheduler(const std::vector<std::string>& argv, const std::string& name) {
  last_argv_ = argv;
  last_name_ = name;
  // What a test's programs take of the memory must not cost the scheduler its life; what it takes itself may.
  KTSTR_TRY(set_oom_score_adj(kSeldomKilled));
  auto started = SchedulerProcess::start(argv, ++schedulers_, name, log_);
  KTSTR_TRY(set_oom_score_adj(kNeverKilled));
  if (!started) return started.error();
  scheduler_ = *std::move(started);
  return ok();
}

// How long a scheduler's processes have done nothing. Looks at most once a second.
class IdleFamily {
 public:
  explicit IdleFamily(const SchedulerProcess& scheduler) : scheduler_(scheduler), since_(monotonic_now()) {}
  Nanoseconds idle_at(Nanoseconds now) {
    if (now < next_look_) return now - since_;
    next_look_ = now + std::chrono::seconds(1);
    std::uint64_t used = 0;
    for (const auto& [pid, look] : scheduler_.look_at_family()) used += look.cpu_ns;
    if (std::exchange(used_, used) != used) since_ = now;
    return now - since_;
  }

 private:
  const SchedulerProcess& scheduler_;
  Nanoseconds since_, next_look_{0};
  std::uint64_t used_ = 0;
};

// One that loads uses time, even if it is for a minute in the verifier; one that only waits is not waited for as long.
bool Agent::wait_until_attached(milliseconds limit) {
  IdleFamily programs(*scheduler_);
  bool attached = false, idle = false;
  const bool ended = serve_until(
      [&] {
        attached = scheduler_->is_attached(read_sched_ext_state("/sys"));
        idle = !attached && programs.idle_at(monotonic_now()) >= kIdleLimit;
        return attached || idle || scheduler_->has_ended();
      },
      monotonic_now() + limit, milliseconds(5));
  if (ended && idle && !scheduler_->has_ended())
    scheduler_->give_up(fmt::format("its programs did nothing for {} s of guest time", kIdleLimit.count()));
  return attached;
}

// From its own delivery. False: it was not enabled, or has ended since.
Result<bool> Agent::attach() {
  KTSTR_TRY_ASSIGN(const std::string text, read_text(fs::path("/") / kAttachJobPath));
  KTSTR_TRY_ASSIGN(const AttachJob job, attach_job_from_json(text));
  KTSTR_TRY(check_topology(job.topology));
  KTSTR_TRY(apply_setup(job.setup, "/"));
  if (read_sched_ext_state("/sys").state.empty())
    return Error(ErrorCode::kUnsupported, "this kernel has no sched_ext (/sys/kernel/sched_ext is missing)")
        .with_hint("use a kernel with CONFIG_SCHED_CLASS_EXT=y, for example from `ktstr kernel fetch`");
  make_ready(job);
  if (job.scheduler.empty()) {
    wait_at_warm_point(kAttachedLook, kAttachedQuietLimit);
    return true;
  }
  KTSTR_TRY(start_scheduler(job.scheduler, ""));
  const bool attached = wait_until_attached(job.limit);
  scheduler_->report(log_, attached ? SchedulerRecord::Kind::kAttached : SchedulerRecord::Kind::kNotAttached);
  drain_logs();
  if (!attached) return false;
  wait_at_warm_point(kAttachedLook, kAttachedQuietLimit);
  drain_logs();
  return !note_scheduler_exit();
}

// The kernel says why only once it has unloaded the scheduler, and a body can end in between. One that lives on may be
// about to attach again.
void Agent::let_a_changing_scheduler_finish(std::chrono::seconds limit) {
  auto settled = [&] {
    const std::string state = read_sched_ext_state("/sys").state;
    return note_scheduler_exit() ? state == "disabled" : state == "enabled";
  };
  const Nanoseconds now = monotonic_now();
  if (settled()) return;
  serve_until([&] { return settled() || (scheduler_->has_ended() && monotonic_now() > now + kUnloadingLimit); },
              now + limit, milliseconds(5));
}

// Beside another scheduler nobody can tell which of the programs that it leaves behind would be its own.
bool Agent::note_scheduler_exit() {
  const bool body_lives = body_ && !body_->has_ended() && !standing_;
  const auto others = [this] {
    std::vector<pid_t> pids;
    for (const auto& [name, scheduler] : ready_)
      for (const auto& [pid, look] : scheduler.look_at_family()) pids.push_back(pid);
    return pids;
  };
  return scheduler_->note_exit(log_, body_lives ? std::optional(body_->pid()) : std::nullopt, others);
}

bool Agent::scheduler_is_gone() const {
  return scheduler_->has_ended() && read_sched_ext_state("/sys").state == "disabled";
}

// A scheduler that no longer runs tasks does not run its own process either, and that is what has to unload it.
bool Agent::end_scheduler(Nanoseconds deadline, const std::function<void(int)>& signal) {
  auto gone = [&] { return scheduler_is_gone(); };
  signal(SIGTERM);
  // Most are gone at once; to look through /proc takes longer than that.
  if (serve_until(gone, monotonic_now() + kEndsByItself, milliseconds(5))) return true;
  const SchedulerProcess::Looks before = scheduler_->look_at_family();
  if (serve_until(gone, monotonic_now() + kNotRunLimit, milliseconds(5))) return true;
  if (SchedulerProcess::was_not_run_since(before)) {
    scheduler_->report(log_, SchedulerRecord::Kind::kNotRun);
    SchedulerProcess::make_realtime(before, ktstr::kBodyPriority);
  }
  if (serve_until(gone, monotonic_now() + (deadline - monotonic_now()) / 2, milliseconds(5))) return true;
  const pid_t body = body_ && !body_->has_ended() ? body_->pid() : 0;
  if (!scheduler_->look_at_what_is_left(body).threads.empty())
    scheduler_->report(log_, SchedulerRecord::Kind::kKilled, body);
  signal(SIGKILL);
  if (serve_until(gone, deadline, milliseconds(5))) return true;
  scheduler_->report(log_, SchedulerRecord::Kind::kNotDetached, body);
  return false;
}

void Agent::tear_down(const Job& job) {
  ready_.clear();  // kills them
  if (!scheduler_) return;
  end_scheduler(monotonic_now() + job.limits.teardown, [](int number) {
    ignore_result(SchedulerProcess::signal_everybody(number), "they may have ended already");
  });
}

// --- for ops

Status Agent::detach_for_op() {
  if (!scheduler_ || note_scheduler_exit())
    return fail(ErrorCode::kNotFound, "no scheduler is attached{}",
                scheduler_ ? ": the last one " + scheduler_->exit() : std::string());
  scheduler_->report(log_, SchedulerRecord::Kind::kAsked);
  if (!end_scheduler(monotonic_now() + kDetachLimit, [this](int number) { scheduler_->signal_family(number); }))
    return fail(ErrorCode::kTimedOut, "the scheduler could not be unloaded within {} s: sched_ext is '{}'",
                kDetachLimit.count(), read_sched_ext_state("/sys").state);
  drain_logs();
  scheduler_->output().finish(log_);
  scheduler_.reset();
  return ok();
}

// Beside one that is attached the kernel takes no other: what comes of it is the new one's to say.
Status Agent::attach_for_op(const std::vector<std::string>& argv, const std::string& name) {
  if (scheduler_ && note_scheduler_exit()) {
    scheduler_->output().finish(log_);
    scheduler_.reset();
  }
  drain_logs();
  standing_ = std::exchange(scheduler_, std::nullopt);
  const Status started = take_scheduler(argv, name);
  bool attached = false;
  if (started) {
    scheduler_->output().begin_test();
    attached = wait_until_attached(job_->limits.attach);
    scheduler_->report(log_, attached ? SchedulerRecord::Kind::kAttached : SchedulerRecord::Kind::kNotAttached);
    drain_logs();
  }
  if (attached) {
    standing_.reset();
    return ok();
  }
  std::string why = started ? "" : started.error().message();
  if (started) {
    why = scheduler_->has_ended() ? "its program " + scheduler_->exit()
          : !scheduler_->exit().empty()
              ? scheduler_->exit()
              : fmt::format("sched_ext is '{}' after {} s", read_sched_ext_state("/sys").state,
                            job_->limits.attach.count() / 1000);
    scheduler_->signal_family(SIGKILL);
    serve_until([this] { return scheduler_->has_ended(); }, monotonic_now() + kSoon, milliseconds(5));
    scheduler_->output().finish(log_);
  }
  scheduler_ = std::exchange(standing_, std::nullopt);
  return fail(ErrorCode::kNotFound, "the scheduler '{}' was not enabled: {}", name, why);
}

Result<request::SchedulerPid> Agent::change_scheduler(const request::ChangeScheduler& change) {
  if (job_ == nullptr) return fail(ErrorCode::kInternal, "there is no test that could change schedulers");
  if (read_sched_ext_state("/sys").state.empty())
    return fail(ErrorCode::kUnsupported, "this kernel has no sched_ext (/sys/kernel/sched_ext is missing)");
  std::vector<std::string> argv = last_argv_;
  std::string name = last_name_;
  if (change.start && !change.again) {
    const auto staged = job_->staged.find(change.name);
    if (staged == job_->staged.end())
      return Error(ErrorCode::kUnsupported,
                   fmt::format("the scheduler '{}' was not brought into the guest", change.name))
          .with_hint("TestAttributes::staged_schedulers names those that a test's ops attach");
    argv = staged->second;
    name = change.name;
  }
  changing_scheduler_ = true;
  Status done = change.end ? detach_for_op() : ok();
  if (done && change.start) done = attach_for_op(argv, name);
  changing_scheduler_ = false;
  if (!done) return done.error();
  return request::SchedulerPid{scheduler_ ? scheduler_->pid() : 0};
}

}  // namespace ktstr::guest
