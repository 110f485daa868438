// SPDX-License-Identifier: Apache-2.0
#include "guest/agent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/reboot.h>
#include <sys/utsname.h>

#include <charconv>

#include "base/log.h"
#include "guest/apply_setup.h"
#include "guest/body.h"
#include "guest/late_cpus.h"
#include "guest/processes/quiet_machine.h"
#include "guest/processes/stranded.h"
#include "guest/processes/unkillable.h"
#include "guest/quantum.h"
#include "guest/setup.h"
#include "guest/variation.h"
#include "workload/task/priorities.h"

#ifndef KTSTR_VERSION
#define KTSTR_VERSION "unknown"
#endif

namespace ktstr::guest {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kHeartbeat{100};
// How far apart the looks are until a guest is taken for quiet, and after how long it is taken as it is: a booted
// kernel is busy for a while.
constexpr milliseconds kBootedLook{100}, kBootedQuietLimit{5000};
// For a scheduler that the kernel is just ending, and for one that then loads itself again, as after CPU hotplug: its
// programs are verified anew. The second is less than what a body's limit has on top of its duration.
constexpr std::chrono::seconds kDyingLimit{2}, kAgainLimit{20};
constexpr std::chrono::seconds kReadyLimit{20};
// When a body is late, beyond its scenario's time: set-up and the end of the workers need some. Not before: to look
// through /proc takes a CPU from the workers for 0.1 s.
constexpr std::chrono::seconds kLate{2};
// That a late body may wait for what SIGKILL does not end: it has its own limits, which name the workers, and with
// grace for the stop, for deaths and for cgroups comes to its end within 6.5 s of the scenario's.
constexpr std::chrono::seconds kUnkillableLimit{5};
// For what SIGKILL ends.
constexpr std::chrono::seconds kKillLimit{2};

std::uint64_t now_ns() { return static_cast<std::uint64_t>(monotonic_now().count()); }

}  // namespace

void power_off() {
  ::sync();
  ::reboot(RB_POWER_OFF);
  for (;;) ::pause();
}

Agent::Agent(mailbox::View view) : view_(view), log_(view, mailbox::Lane::kAgent) {
  requests_.on<request::FindScheduler>([this](const auto&) -> Result<request::SchedulerPid> {
    return request::SchedulerPid{scheduler_ && !note_scheduler_exit() ? scheduler_->pid() : 0};
  });
  requests_.on<request::ChangeScheduler>([this](const auto& change) { return change_scheduler(change); });
}

void Agent::enter(Phase phase) {
  auto& guest = view_.layout().guest;
  mailbox::store(guest.phase_since_ns, now_ns());
  mailbox::store(guest.phase, static_cast<std::uint32_t>(phase));
  heartbeat();
  log_.write(RecordType::kPhase, PhaseRecord{phase});
}

// The host ends the machine while it answers: a power-off would only take time.
void Agent::finish() {
  enter(Phase::kDone);
  ring_doorbell(view_, mailbox::BellReason::kDone, 0);
}

void Agent::heartbeat() {
  auto& guest = view_.layout().guest;
  mailbox::store(guest.heartbeat_ns, now_ns());
  mailbox::store(guest.heartbeats, mailbox::load(guest.heartbeats) + 1);
}

void Agent::die(const std::string& why) {
  log_.write(RecordType::kGuestError, GuestErrorRecord{ErrorCode::kInternal, why, ""});
  finish();
  power_off();
}

void Agent::drain_logs() {
  if (kernel_log_) kernel_log_->drain(log_);
  if (scheduler_) scheduler_->output().drain(log_);
  if (standing_) standing_->output().drain(log_);
  if (body_) body_->output().drain(log_);
}

void Agent::report_taint() {
  const auto text = read_text("/proc/sys/kernel/tainted");
  TaintRecord taint;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), taint.mask).ec != std::errc())
    log_.log(LogRecord::Stream::kAgent, "/proc/sys/kernel/tainted cannot be read");
  else
    log_.write(RecordType::kTaint, taint);
}

std::string Agent::what_cannot_be_killed(const std::vector<pid_t>& schedulers) {
  kill_programs("/proc", schedulers);
  std::vector<UnkillableThread> left;
  auto all_gone = [&] { return (left = unkillable_threads("/proc")).empty(); };
  serve_until(all_gone, monotonic_now() + kKillLimit, kHeartbeat);
  std::string text;
  for (const UnkillableThread& thread : left) text += std::string(text.empty() ? kCannotBeKilled : ", ") + thread.text;
  return text;
}

void Agent::finish_logs() {
  drain_logs();
  if (scheduler_) scheduler_->output().finish(log_);
  if (body_) body_->output().finish(log_);
  if (kernel_log_) kernel_log_->finish(log_);
}

bool Agent::serve_until(const std::function<bool()>& done, Nanoseconds deadline, milliseconds interval) {
  Nanoseconds next_beat = monotonic_now() + kHeartbeat;
  for (;;) {
    drain_logs();
    if (scheduler_) note_scheduler_exit();
    serve_body();
    if (done()) return true;
    const Nanoseconds now = monotonic_now();
    if (now >= deadline) return false;
    if (now >= next_beat) {
      heartbeat();
      if (tracing_) tracing_->drain(log_);
      next_beat = now + kHeartbeat;
    }
    // poll() passes over negative descriptors.
    std::vector<pollfd> fds = {{kernel_log_ ? kernel_log_->fd() : -1, POLLIN, 0},
                               {scheduler_ ? scheduler_->output().read_fd() : -1, POLLIN, 0},
                               {scheduler_ && !scheduler_->has_ended() ? scheduler_->pidfd().get() : -1, POLLIN, 0},
                               {body_ ? body_->output().read_fd() : -1, POLLIN, 0},
                               {body_ && !body_->exit() ? body_->pidfd().get() : -1, POLLIN, 0},
                               {body_ && !changing_scheduler_ ? body_->request_fd() : -1, POLLIN, 0}};
    add_gates(fds);
    const Nanoseconds wake = std::min({deadline, next_beat, now + Nanoseconds(interval)});
    const timespec wait{(wake - now).count() / 1'000'000'000, (wake - now).count() % 1'000'000'000};
    if (::ppoll(fds.data(), fds.size(), &wait, nullptr) < 0 && errno != EINTR) {
      log_.log(LogRecord::Stream::kAgent, fail_errno("poll failed").message());
      return false;
    }
    serve_gates();
  }
}

void Agent::serve_body() {
  if (!body_ || changing_scheduler_) return;  // it waits for the answer
  if (const Status served = body_->serve(requests_); !served)
    log_.log(LogRecord::Stream::kAgent, served.error().message());
}

// See mailbox::kWarmWindowNs.
void Agent::wait_at_warm_point(milliseconds look, milliseconds quiet_limit) {
  auto& layout = view_.layout();
  // Not at once: what the kernel still does after a boot would go on in every fork.
  wait_until_quiet("/proc", look, quiet_limit);
  auto switches = [] {
    const auto text = read_text("/proc/stat");
    return text ? context_switches(*text).value_or(0) : 0;
  };
  for (int window = 1;; ++window) {
    heartbeat();
    const std::uint64_t before = switches();
    const std::uint64_t end = now_ns() + mailbox::kWarmWindowNs;
    ring_doorbell(view_, mailbox::BellReason::kWarmPoint, 0);
    while (now_ns() < end) {
    }
    const bool disturbed = switches() != before;
    // All CPUs idle: QEMU's timer that makes vCPUs take turns, which no image holds, starts anew when we wake up.
    const timespec nap{0, 1'000'000};
    ::nanosleep(&nap, nullptr);
    mailbox::store(layout.guest.warm_disturbed, disturbed ? 1 : 0);
    mailbox::store(layout.guest.warm_windows, mailbox::load(layout.guest.warm_windows) + 1);
    if (disturbed && window < mailbox::kMostDisturbedWindows) continue;
    if (mailbox::load(layout.host.deliveries) > taken_) return;
  }
}

Result<mailbox::DeliveryKind> Agent::take_delivery() {
  mailbox::store(view_.layout().guest.taken, ++taken_);
  KTSTR_TRY_ASSIGN(const ByteSpan archive, view_.take_delivery());
  KTSTR_TRY(unpack(archive, "/", [this] { heartbeat(); }));
  return static_cast<mailbox::DeliveryKind>(mailbox::load(view_.layout().host.delivery_kind));
}

Status Agent::look_at_topology() {
  KTSTR_TRY_ASSIGN(topology_, TestTopology::from_sysfs("/sys"));
  log_.write(RecordType::kTopology, topology_);
  return ok();
}

Status Agent::check_topology(const Topology& asked) {
  const auto differences = topology_.differences_from(asked);
  if (differences.empty()) return ok();
  std::string text = fmt::format("the guest does not have the topology asked for, {}:", asked.to_string());
  for (const std::string& difference : differences) text += "\n  " + difference;
  return fail(ErrorCode::kUnsupported, "{}", text);
}

bool Agent::something_cannot_be_killed() {
  const Nanoseconds now = monotonic_now();
  if (now < next_look_for_unkillable_) return false;
  const auto found = unkillable_threads("/proc");
  // At the agent's priority, and a crowd takes long: no more than a fourth of the time.
  next_look_for_unkillable_ = now + std::max<Nanoseconds>(std::chrono::seconds(1), 4 * (monotonic_now() - now));
  return unkillable_.stays_at(found, now) >= kUnkillableLimit;
}

// A body for scenario files, made ready before it is known whether one is wanted: its start is then in the warm image.
Status Agent::start_scenario_body() {
  KTSTR_TRY_ASSIGN(body_, BodyProcess::start({"/init", "--scenario"}));
  serve_until([&] { return body_->is_ready() || body_->has_ended(); }, monotonic_now() + kReadyLimit, kHeartbeat);
  if (body_->is_ready()) return ok();
  return fail(ErrorCode::kInternal, "the body for scenario files does not get ready");
}

Status Agent::start_body(const Job& job) {
  if (job.body.empty()) return ok();
  body_->kill();
  // Its cgroup, which the next body makes anew; where it has none, that one says why.
  ::rmdir((fs::path(kCgroupRoot) / kBodyGroup).c_str());
  KTSTR_TRY_ASSIGN(body_, BodyProcess::start(job.body));
  return ok();
}

// Without it the run goes on: the host reports that there is no trace.
void Agent::start_tracing(const Job& job) {
  if (!job.traced.value_or(false)) return;
  auto tracing = Tracing::start(job.probe_events, log_);
  if (tracing)
    tracing_.emplace(*std::move(tracing));
  else
    log_.write(RecordType::kTracing, TracingRecord{TracingRecord::Part::kAbsent, {}, "", tracing.error().message()});
}

void Agent::stop_tracing() {
  if (tracing_) tracing_->stop(log_);
  tracing_.reset();
}

Status Agent::run_body(const Job& job) {
  job_ = &job;
  KTSTR_TRY(start_body(job));
  auto body_ended = [&] { return body_->has_ended(); };
  const bool in_time =
      serve_until([&] { return body_->is_ready() || body_ended(); }, monotonic_now() + job.limits.dispatch, kHeartbeat);
  bool timed_out = !in_time;
  if (body_->is_ready() && !body_->exit()) {
    // Not earlier: nothing before the body needs fine time, which is slow.
    const std::uint64_t handover = seed_for(Vary::kHandover, job.settings.vary, job.settings.seed);
    const auto quantum = varied_quantum(job.settings.quantum.value_or(Nanoseconds(0)), handover);
    start_tracing(job);
    KTSTR_TRY(ask(to_host(view_, mailbox::Lane::kAgent), request::BeginTurns{now_ns(), job.settings.turn.has_value()}));
    if (quantum.count() > 0) KTSTR_TRY(set_quantum(quantum, handover));
    log_.write(RecordType::kQuantum, QuantumRecord{static_cast<std::uint64_t>(quantum.count())});
    sleep_for(start_offset(seed_for(Vary::kOffsets, job.settings.vary, job.settings.seed)));
    KTSTR_TRY(body_->go(scheduler_ ? scheduler_->pid() : 0));
    enter(Phase::kBody);
    if (scheduler_) scheduler_->output().begin_test();
    const Nanoseconds late = monotonic_now() + job.settings.duration + kLate;
    StrandedWatch watch("/proc", body_->pid(), monotonic_now() + StrandedWatch::kApart);
    auto over = [&] {
      if (body_ended()) return true;
      const Nanoseconds now = monotonic_now();
      if (watch.is_stranded_at(now)) {
        log_.log(LogRecord::Stream::kAgent,
                 "the body got no CPU for 1 s: the kernel does not let go of the one it was on");
        move_here("/proc", body_->pid());
      }
      return now > late && something_cannot_be_killed();
    };
    serve_until(over, monotonic_now() + job.limits.body, kHeartbeat);
    timed_out = !body_ended();
  }
  // How the scheduler is doing must be known before anything is torn down.
  if (scheduler_) {
    scheduler_->output().end_test();
    let_a_changing_scheduler_finish(timed_out ? kDyingLimit : kAgainLimit);
    scheduler_->report(log_, SchedulerRecord::Kind::kChecked);
  }
  drain_logs();
  std::vector<pid_t> schedulers;
  if (timed_out && scheduler_) schedulers = scheduler_->processes(body_->pid());
  if (!body_->exit()) {
    ignore_result(body_->signal(SIGKILL), "it may be dying already");
    serve_until(body_ended, monotonic_now() + kKillLimit, kHeartbeat);
  }
  const std::string left = timed_out ? what_cannot_be_killed(schedulers) : "";
  drain_logs();
  const auto& exit = body_->exit();
  log_.write(
      RecordType::kBodyEnd,
      BodyEndRecord{.clean = exit && exit->success(),
                    .timed_out = timed_out,
                    .exit = (exit ? exit->describe() : std::string("did not die within 2 s of SIGKILL")) + left});
  return ok();
}

Status Agent::run_job() {
  if (mailbox::load(view_.layout().host.late_cpus) != 0) {
    wait_at_warm_point(kBootedLook, kBootedQuietLimit);
    KTSTR_TRY(take_delivery());
    KTSTR_TRY(switch_late_cpus_on("/sys", [this] { heartbeat(); }));
  }
  KTSTR_TRY(look_at_topology());
  KTSTR_TRY(start_scenario_body());
  wait_at_warm_point(kBootedLook, kBootedQuietLimit);
  KTSTR_TRY_ASSIGN(const mailbox::DeliveryKind kind, take_delivery());
  KTSTR_TRY_ASSIGN(kernel_log_, KernelLog::open());
  report_taint();
  enter(Phase::kAttach);
  bool can_run = true;
  if (kind == mailbox::DeliveryKind::kScheduler) {
    KTSTR_TRY_ASSIGN(can_run, attach());
    if (can_run) KTSTR_TRY(take_delivery());
  }
  Job job;
  if (can_run) {
    KTSTR_TRY_ASSIGN(const std::string text, read_text(fs::path("/") / kJobPath));
    KTSTR_TRY_ASSIGN(job, job_from_json(text));
    KTSTR_TRY(seed_random_pool(seed_for(Vary::kRandom, job.settings.vary, job.settings.seed)));
    KTSTR_TRY(check_topology(job.settings.topology));
    KTSTR_TRY(apply_setup(job.setup, "/"));
    enter(Phase::kDispatch);
    KTSTR_TRY(run_body(job));
  }
  enter(Phase::kTeardown);
  tear_down(job);
  return ok();
}

void Agent::run() {
  auto& guest = view_.layout().guest;
  mailbox::store(guest.agent_version, mailbox::kVersion);
  utsname names{};
  ::uname(&names);
  log_.write(RecordType::kHello, HelloRecord{KTSTR_VERSION, names.release, names.version});
  enter(Phase::kBoot);
  const Status status = run_job();
  stop_tracing();
  finish_logs();
  if (!status) {
    log_.write(RecordType::kGuestError,
               GuestErrorRecord{status.error().code(), status.error().message(), status.error().hint()});
  }
  if (kernel_log_) report_taint();
  log_.write_empty(RecordType::kEnd);
  finish();
}

}  // namespace ktstr::guest
