// SPDX-License-Identifier: Apache-2.0
#include "engine/guest_run.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "engine/watch/console.h"
#include "ktstr/cpu_speed.h"

namespace ktstr {

namespace {

constexpr std::chrono::milliseconds kLook{8};          // between two looks at the mailbox
constexpr std::chrono::microseconds kPauseLook{100};   // the same, for a guest that is to be stopped at a moment
constexpr std::chrono::milliseconds kBusyDoorbell{1};  // the same, while a ring is on its way
constexpr unsigned kLooksAtMailboxPerOutput = 8;       // the output takes long to become too much
constexpr double kPowerOffSeconds = 3;
constexpr std::size_t kTailLines = 40;
constexpr Bytes kMostQemuOutput = 64 << 10;

// Whoever touches a page of a file for which its file system has no room gets SIGBUS (mmap(2)): that there was room
// when the guest started does not keep others from filling it.
std::string explain_signal(const ExitStatus& status, const fs::path& memory) {
  if (status.kind != ExitStatus::Kind::kSignaled || status.value != SIGBUS) return {};
  const auto free = free_space(memory);
  return fmt::format(
      "; that is what happens when the file system with the guest's memory is full: {} free in {} now, and "
      "$KTSTR_RAM_DIR may name another",
      free ? format_bytes(*free) : "?", memory.parent_path().string());
}

// See GuestIo::on_record.
Lifecycle::Finding bad_records(const Error& error) {
  return {error.code() == ErrorCode::kUnsupported ? GuestEnd::kTooMuchSaid : GuestEnd::kCorrupt, error.message()};
}

}  // namespace

GuestRun::GuestRun(const GuestSpec& spec, Machine machine, const GuestIo& io)
    : machine_(std::move(machine)),
      turns_(spec.turns),
      listener_(spec.listener),
      why_no_events_(machine_.why_no_probes),
      io_(io),
      look_(io.pause != nullptr ? kPauseLook : kLook),
      waited_(machine_.qemu->pid()),
      lifecycle_(spec.limits, spec.topology.cpus(), spec.host_limit_scale, spec.pace),
      total_(spec.limits, spec.topology.cpus(), spec.host_limit_scale),
      output_(io.console_log, machine_.output),
      activity_(spec.limits, spec.duration),
      records_(machine_.memory.mailbox(), io.on_record) {
  answer_requests();
}

double GuestRun::host_seconds() const { return to_seconds(monotonic_now() - machine_.started); }

Result<bool> GuestRun::wait_for_something() {
  const bool quiet = bell_ == Doorbell::State::kQuiet;
  std::array<pollfd, 2> fds = {pollfd{machine_.qemu->pidfd().get(), POLLIN, 0},
                               pollfd{quiet ? machine_.doorbell.fd() : -1, POLLIN, 0}};
  const std::chrono::nanoseconds wait = quiet ? look_ : kBusyDoorbell;
  const timespec timeout{0, wait.count()};
  if (::ppoll(fds.data(), fds.size(), &timeout, nullptr) < 0 && errno != EINTR)
    return fail_errno("cannot wait for QEMU");
  return (fds[0].revents & POLLIN) != 0;
}

Status GuestRun::on_warm_point() {
  const mailbox::View mailbox = machine_.memory.mailbox();
  // A disturbed window is followed by another, with what was delivered still to be taken.
  if (mailbox::load(mailbox.layout().guest.taken) != mailbox::load(mailbox.layout().host.deliveries)) return ok();
  if (to_deliver.empty()) return at_warm_point ? at_warm_point() : ok();
  const GuestDelivery next = to_deliver.front();
  to_deliver.erase(to_deliver.begin());
  return mailbox.put_delivery(next.kind, next.archive, next.rest);
}

// What the guest may ask for in place: see wire/request.h.
void GuestRun::answer_requests() {
  requests_.on<request::BeginTurns>([this](const auto& asked) -> Result<request::Done> {
    begin_recording(asked.now_ns);
    if (asked.turns) KTSTR_TRY(begin_turns());
    return request::Done();
  });
  requests_.on<request::GetCpuSpeeds>([this](const auto&) -> Result<request::CpuSpeeds> {
    if (!turns_began_) return fail(ErrorCode::kUnsupported, "turns have not begun");
    return request::CpuSpeeds{turns_->speed};
  });
  requests_.on<request::SetCpuSpeeds>([this](const auto& wanted) -> Result<request::Done> {
    KTSTR_TRY(set_speeds(wanted.speeds.percent));
    return request::Done();
  });
}

// Without it the run is the same, so that it goes on.
void GuestRun::begin_recording(std::uint64_t guest_ns) {
  if (!machine_.probes) return;
  if (const Status begun = machine_.probes->begin(*listener_, guest_ns); !begun)
    why_no_events_ = begun.error().message();
}

void GuestRun::take_events() {
  if (!machine_.probes || !why_no_events_.empty()) return;
  const Status drained = machine_.probes->drain(*listener_);
  if (drained) return;
  why_no_events_ = drained.error().message();
  machine_.probes->end();
}

// Nobody empties the ring from here on: a vCPU must not wait for that.
void GuestRun::end_recording() {
  take_events();
  if (machine_.probes) machine_.probes->end();
}

Status GuestRun::begin_turns() {
  if (!turns_) return fail(ErrorCode::kUnsupported, "the host does not decide about the turns of this guest");
  if (std::exchange(turns_began_, true)) return ok();
  turns_->speed.resize(machine_.control->counts().instructions.size(), kFullCpuSpeed);
  machine_.control->order(*turns_);
  return ok();
}

Status GuestRun::set_speeds(const std::vector<std::uint32_t>& percent) {
  if (!turns_began_) return fail(ErrorCode::kUnsupported, "turns have not begun");
  if (percent.size() != turns_->speed.size())
    return fail(ErrorCode::kInvalidArgument, "{} speeds for {} CPUs", percent.size(), turns_->speed.size());
  for (const std::uint32_t one : percent) {
    if (one < kLeastCpuSpeed || one > kFullCpuSpeed)
      return fail(ErrorCode::kInvalidArgument, "a CPU has a speed of {}% to {}%, not {}%", kLeastCpuSpeed,
                  kFullCpuSpeed, one);
  }
  turns_->speed = percent;
  machine_.control->order(*turns_);
  return ok();
}

// The guest stands still: what it has counted is the same in each run, whenever QEMU is ended.
void GuestRun::be_done() {
  said_done_ = true;
  if (machine_.probes) machine_.probes->end();
  if (machine_.control && !counts_when_done_) counts_when_done_ = machine_.control->counts();
}

Status GuestRun::on_ring(mailbox::BellReason reason) {
  KTSTR_TRY(reason == mailbox::BellReason::kRequest ? total_.count_request() : total_.count_ring());
  if (reason == mailbox::BellReason::kDone) be_done();
  if (reason == mailbox::BellReason::kWarmPoint) KTSTR_TRY(on_warm_point());
  KTSTR_TRY(serve_slots(machine_.memory.mailbox(), requests_));
  return records_.drain();
}

std::optional<Lifecycle::Finding> GuestRun::observe() {
  const GuestSample sample = take_sample(machine_.memory.mailbox());
  const Nanoseconds now = monotonic_now();
  const double waited = to_seconds(waited_.at(now));
  activity_.say(sample, now, [this] { return live_iterations(machine_.memory.mailbox()); });
  if (auto finding = total_.observe(sample, host_seconds() - waited)) return finding;
  return lifecycle_.observe(sample, host_seconds(), waited);
}

Result<std::optional<Lifecycle::Finding>> GuestRun::look() {
  const mailbox::View view = machine_.memory.mailbox();
  KTSTR_TRY_ASSIGN(bell_, machine_.doorbell.serve(view, [&] {
    return on_ring(static_cast<mailbox::BellReason>(mailbox::load(view.layout().bell.reason)));
  }));
  take_events();
  // The phase first: a record that was written before a phase began is then read no later than the phase.
  auto finding = observe();
  KTSTR_TRY(records_.drain());
  if (finding) return finding;
  if (said_done_) return std::optional(Finding{GuestEnd::kCompleted, ""});
  if (!lifecycle_.done()) return std::optional<Finding>();
  if (done_since_ == 0) done_since_ = host_seconds();
  if (host_seconds() - done_since_ < kPowerOffSeconds) return std::optional<Finding>();
  return std::optional(Finding{GuestEnd::kCompleted, ""});
}

std::optional<Lifecycle::Finding> GuestRun::follow(const std::function<bool()>& enough) {
  for (unsigned looks = 1;; ++looks) {
    auto ended = wait_for_something();
    if (!ended) return Finding{GuestEnd::kHang, ended.error().message()};
    if (*ended) return ended_by_itself();
    if (io_.interrupted && io_.interrupted()) return Finding{GuestEnd::kInterrupted, "interrupted"};
    auto seen = look();
    // A FIFO whose writer went away is QEMU's end, which the next wait sees.
    if (!seen && seen.error().code() != ErrorCode::kGuestLost) return bad_records(seen.error());
    if (seen && *seen) return **seen;
    if (looks % kLooksAtMailboxPerOutput == 0)
      if (auto flood = output_.look()) return *std::move(flood);
    if (enough && enough()) return {};
  }
}

Lifecycle::Finding GuestRun::ended_by_itself() {
  // What it wrote after our last look. Time limits mean nothing any more.
  auto last = observe();
  const Status drained = records_.drain();
  if (!drained) return bad_records(drained.error());
  if (last && last->end == GuestEnd::kCorrupt) return *last;
  const auto status = machine_.qemu->wait();
  if (lifecycle_.done() || said_done_) return {GuestEnd::kCompleted, ""};
  const bool known = status && *status;
  return {GuestEnd::kEarlyExit,
          fmt::format("QEMU {} after {:.1f} s of host time in phase {}, before the agent was done{}",
                      known ? (*status)->describe() : "ended", host_seconds(), to_string(lifecycle_.phase()),
                      known ? explain_signal(**status, machine_.memory.directory()) : "")};
}

// The kernel's own words are a better explanation than that it went silent.
void GuestRun::explain_from_console(Finding& finding, const std::string& console) const {
  if (finding.end != GuestEnd::kEarlyExit && finding.end != GuestEnd::kHang && finding.end != GuestEnd::kPhaseTimeout)
    return;
  const auto said = classify_console(console);
  if (!said) return;
  finding.end = said->end;
  finding.message = fmt::format("in phase {} the guest's kernel said: {} ({})", to_string(lifecycle_.phase()),
                                said->line, finding.message);
}

// The guest is given up: QEMU may be asked, which acts on it.
void GuestRun::look_into(Finding& finding, GuestOutcome& outcome) {
  outcome.crawls = finding.crawls;
  if (!finding.silent && !finding.crawls) return;
  auto heartbeats = [&] { return mailbox::load(machine_.memory.mailbox().layout().guest.heartbeats); };
  const std::uint64_t before = heartbeats();
  auto vcpus = look_at_vcpus(machine_.qmp);
  if (!vcpus) {
    finding.message += "; QEMU itself does not answer: " + vcpus.error().message();
  } else if (finding.crawls && standstill_of(*vcpus) != Standstill::kKernel) {
    finding.message += "; its programs take that long";
  } else if (!finding.crawls && heartbeats() != before) {
    finding.message += "; it went on when it was looked at";
  } else {
    outcome.vcpus = *std::move(vcpus);
  }
}

GuestOutcome GuestRun::conclude(Finding finding) {
  GuestOutcome outcome;
  end_recording();
  look_into(finding, outcome);
  machine_.qemu->kill();
  outcome.live = read_live_workers(machine_.memory.mailbox());
  take_events();
  outcome.why_no_events = why_no_events_;
  if (machine_.control) {
    outcome.turns = counts_when_done_ ? *counts_when_done_ : machine_.control->counts();
    outcome.idle = machine_.control->idle();
    if (turns_ && !machine_.control->code_marked())
      log_info("QEMU marks each page of the kernel's code by itself, which takes long with many CPUs");
  }
  outcome.host_seconds = host_seconds();
  auto console = read_console_tail(io_.console_log);
  if (!console) log_warn("{}", console.error().render());
  if (console) {
    explain_from_console(finding, *console);
    outcome.console_tail = last_lines(*console, kTailLines);
  }
  const auto not_kept = cut_out_the_middle(io_.console_log);
  if (!not_kept) log_warn("{}", not_kept.error().render());
  if (not_kept) outcome.console_cut = *not_kept;
  auto output = read_text(machine_.output, kMostQemuOutput);
  outcome.qemu_output = output ? *output : output.error().message();
  if (finding.end == GuestEnd::kEarlyExit && !outcome.qemu_output.empty())
    finding.message += "; it printed: " + last_lines(outcome.qemu_output, 1).back();
  outcome.end = finding.end;
  outcome.message = std::move(finding.message);
  outcome.phase = lifecycle_.phase();
  outcome.phases = lifecycle_.phases();
  outcome.dropped_records = records_.dropped();
  return outcome;
}

}  // namespace ktstr
