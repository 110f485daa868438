// SPDX-License-Identifier: Apache-2.0
#include "engine/guest.h"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "base/log.h"
#include "base/process.h"
#include "engine/command_line.h"
#include "engine/console.h"
#include "engine/doorbell.h"
#include "engine/guest_memory.h"
#include "engine/lifecycle.h"
#include "engine/record_stream.h"

namespace ktstr {

namespace {

constexpr std::chrono::milliseconds kLook{4};          // between two looks at the mailbox
constexpr std::chrono::milliseconds kBusyDoorbell{1};  // the same, while a ring is on its way
constexpr double kPowerOffSeconds = 10;
constexpr std::size_t kTailLines = 40;
constexpr Bytes kMostQemuOutput = 64 << 10;

struct Paths {
  fs::path doorbell, output;
};

// Everything that must be there before QEMU is started, in the order in which it is taken down again, last first.
struct Machine {
  GuestMemory memory;
  Doorbell doorbell;
  Paths paths;
  std::vector<std::string> argv;
};

Result<Machine> prepare(const GuestSpec& spec, const QemuInfo& qemu, ByteSpan delivery, const fs::path& console_log) {
  const Bytes asked = spec.memory != 0 ? spec.memory : memory_by_rule(spec.topology);
  const auto layout = MemoryLayout::plan(spec.topology, asked, mailbox::size_for_delivery(delivery.size()));
  KTSTR_TRY_ASSIGN(GuestMemory memory, GuestMemory::create(spec.ram_dir, layout));
  // QEMU keeps what is in the files, and neither firmware nor kernel touches the mailbox's range.
  KTSTR_TRY(memory.mailbox().put_delivery(delivery));
  Paths paths{memory.directory() / "doorbell", memory.directory() / "qemu.out"};
  KTSTR_TRY_ASSIGN(Doorbell doorbell, Doorbell::create(paths.doorbell));
  CpuVendor vendor = CpuVendor::kIntel;
  if (spec.mode == Mode::kKvm) {
    KTSTR_TRY_ASSIGN(const std::string cpuinfo, read_text("/proc/cpuinfo"));
    vendor = cpu_vendor(cpuinfo);
  }
  const GuestFiles files{qemu.path, memory.files(), paths.doorbell, console_log};
  auto argv = qemu_command_line(spec, files, layout, vendor);
  return Machine{std::move(memory), std::move(doorbell), std::move(paths), std::move(argv)};
}

Result<Subprocess> start_qemu(const Machine& machine) {
  KTSTR_TRY_ASSIGN(const Fd output, open_file(machine.paths.output, O_WRONLY | O_CREAT | O_APPEND));
  Subprocess::Options options;
  options.argv = machine.argv;
  options.stdout_fd = output.get();
  options.stderr_fd = output.get();
  return Subprocess::start(options).context("start QEMU");
}

class GuestRun {
 public:
  GuestRun(const GuestSpec& spec, Machine machine, Subprocess qemu, const fs::path& console_log,
           const std::function<Status(const Record&)>& on_record)
      : machine_(std::move(machine)),
        qemu_(std::move(qemu)),
        started_(monotonic_now()),
        lifecycle_(spec.limits, spec.topology.cpus(), spec.host_limit_scale),
        records_(machine_.memory.mailbox(), on_record),
        console_log_(console_log) {}

  // Until it has ended or must be ended.
  Lifecycle::Finding follow(const std::function<bool()>& interrupted);
  GuestOutcome conclude(Lifecycle::Finding finding);

 private:
  using Finding = Lifecycle::Finding;

  double now() const { return to_seconds(monotonic_now() - started_); }
  // Waits for QEMU's end, a ring, or the time of the next look. True: QEMU has ended.
  Result<bool> wait_for_something();
  Result<std::optional<Finding>> look();
  Status drain();
  Finding ended_by_itself();
  void explain_from_console(Finding& finding, const std::string& console) const;

  Machine machine_;
  Subprocess qemu_;
  Nanoseconds started_;
  Lifecycle lifecycle_;
  RecordStream records_;
  fs::path console_log_;
  Doorbell::State bell_ = Doorbell::State::kQuiet;
  bool said_done_ = false;   // through the doorbell
  double done_since_ = 0;    // host seconds; 0: not done
};

Result<bool> GuestRun::wait_for_something() {
  const bool quiet = bell_ == Doorbell::State::kQuiet;
  std::array<pollfd, 2> fds = {pollfd{qemu_.pidfd().get(), POLLIN, 0},
                               pollfd{quiet ? machine_.doorbell.fd() : -1, POLLIN, 0}};
  const int timeout = static_cast<int>((quiet ? kLook : kBusyDoorbell).count());
  if (::poll(fds.data(), fds.size(), timeout) < 0 && errno != EINTR) return fail_errno("cannot wait for QEMU");
  return (fds[0].revents & POLLIN) != 0;
}

Status GuestRun::drain() { return records_.drain(); }

Result<std::optional<Lifecycle::Finding>> GuestRun::look() {
  const mailbox::View view = machine_.memory.mailbox();
  KTSTR_TRY_ASSIGN(bell_, machine_.doorbell.serve(view, [&]() -> Status {
    if (mailbox::load(view.layout().bell.reason) == static_cast<std::uint32_t>(mailbox::BellReason::kDone))
      said_done_ = true;
    return drain();
  }));
  // The phase first: a record that was written before a phase began is then read no later than the phase.
  auto finding = lifecycle_.observe(take_sample(view), now());
  KTSTR_TRY(drain());
  if (finding) return finding;
  if (!lifecycle_.done() && !said_done_) return std::optional<Finding>();
  if (done_since_ == 0) done_since_ = now();
  if (now() - done_since_ < kPowerOffSeconds) return std::optional<Finding>();
  return std::optional(Finding{GuestEnd::kCompleted, ""});
}

Lifecycle::Finding GuestRun::follow(const std::function<bool()>& interrupted) {
  for (;;) {
    auto ended = wait_for_something();
    if (!ended) return {GuestEnd::kHang, ended.error().message()};
    if (*ended) return ended_by_itself();
    if (interrupted && interrupted()) return {GuestEnd::kInterrupted, "interrupted"};
    auto seen = look();
    // A FIFO whose writer went away is QEMU's end, which the next wait sees.
    if (!seen && seen.error().code() != ErrorCode::kGuestLost) return {GuestEnd::kCorrupt, seen.error().message()};
    if (seen && *seen) return **seen;
  }
}

Lifecycle::Finding GuestRun::ended_by_itself() {
  // What it wrote after our last look. Time limits mean nothing any more.
  auto last = lifecycle_.observe(take_sample(machine_.memory.mailbox()), now());
  const Status drained = drain();
  if (!drained) return {GuestEnd::kCorrupt, drained.error().message()};
  if (last && last->end == GuestEnd::kCorrupt) return *last;
  const auto status = qemu_.wait();
  if (lifecycle_.done() || said_done_) return {GuestEnd::kCompleted, ""};
  const std::string how = status && *status ? (*status)->describe() : "ended";
  return {GuestEnd::kEarlyExit, fmt::format("QEMU {} after {:.1f} s of host time in phase {}, before the agent was done",
                                            how, now(), to_string(lifecycle_.phase()))};
}

// The kernel's own words are a better explanation than that it went silent.
void GuestRun::explain_from_console(Finding& finding, const std::string& console) const {
  if (finding.end != GuestEnd::kEarlyExit && finding.end != GuestEnd::kHang && finding.end != GuestEnd::kPhaseTimeout)
    return;
  const auto said = classify_console(console);
  if (!said) return;
  finding.end = said->end;
  finding.message = fmt::format("in phase {} the guest's kernel said: {} ({})", to_string(lifecycle_.phase()), said->line,
                                finding.message);
}

GuestOutcome GuestRun::conclude(Finding finding) {
  qemu_.kill();
  GuestOutcome outcome;
  outcome.host_seconds = now();
  auto console = read_console_tail(console_log_);
  if (!console) log_warn("{}", console.error().render());
  if (console) {
    explain_from_console(finding, *console);
    outcome.console_tail = last_lines(*console, kTailLines);
  }
  auto output = read_text(machine_.paths.output, kMostQemuOutput);
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

Status check_readable(const fs::path& path, std::string_view what) {
  const auto fd = open_file(path, O_RDONLY);
  if (!fd) return Error(fd.error()).context(fmt::format("the guest's {}", what));
  return ok();
}

}  // namespace

void remove_guest_leftovers(const fs::path& ram_dir) {
  const std::size_t removed = remove_stale_dirs(ram_dir, "ktstr-vm");
  if (removed != 0) log_info("removed guest memory of {} runs that died, in {}", removed, ram_dir.string());
}

Result<GuestOutcome> run_guest(const GuestSpec& spec, ByteSpan delivery, const fs::path& console_log,
                               const std::function<Status(const Record&)>& on_record,
                               const std::function<bool()>& interrupted) {
  KTSTR_TRY(spec.topology.validate());
  KTSTR_TRY(check_readable(spec.kernel, "kernel"));
  KTSTR_TRY(check_readable(spec.initramfs, "initramfs"));
  KTSTR_TRY_ASSIGN(const QemuInfo qemu, find_qemu(spec.qemu));
  // Made here so that a directory that is not there is an error before anything is booted.
  KTSTR_TRY(write_text(console_log, "").context("the console log"));
  remove_guest_leftovers(spec.ram_dir);
  KTSTR_TRY_ASSIGN(Machine machine, prepare(spec, qemu, delivery, console_log));
  KTSTR_TRY_ASSIGN(Subprocess process, start_qemu(machine));
  GuestRun run(spec, std::move(machine), std::move(process), console_log, on_record);
  auto finding = run.follow(interrupted);
  return run.conclude(std::move(finding));
}

}  // namespace ktstr
