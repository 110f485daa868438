// SPDX-License-Identifier: Apache-2.0
#include "engine/machine.h"

#include <fcntl.h>
#include <sched.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "base/activity.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/qemu/late_cpus.h"
#include "engine/warm/warm_image.h"
#include "engine/watch/run_delay.h"

namespace ktstr {

namespace {

// It takes a fraction of a second to come up, where it may run.
constexpr double kSilentSeconds = 20;

// QEMU allocates and frees with every block of code that it translates. By what glibc's malloc does unless asked, its
// memory goes back to the kernel and comes again, page by page, a tenth of the host's time of a short run. What the
// user has set comes last, which decides.
std::string qemu_malloc_tunables() {
  std::string all =
      "GLIBC_TUNABLES=glibc.malloc.arena_max=1:glibc.malloc.trim_threshold=1073741824:glibc.malloc.top_pad=16777216:"
      "glibc.malloc.mmap_threshold=33554432:glibc.malloc.hugetlb=1";
  if (const char* users = std::getenv("GLIBC_TUNABLES"); users != nullptr && *users != 0)
    all += std::string(":") + users;
  return all;
}

Status fill_and_continue(Machine& machine, const WarmImage& image, const GuestDelivery& first,
                         const std::function<bool()>& interrupted) {
  const Activity restoring("restoring the image");
  // QEMU is just starting, and does not look at its memory yet.
  KTSTR_TRY(image.restore_memory(machine.memory));
  KTSTR_TRY(machine.memory.mailbox().put_delivery(first.kind, first.archive, first.rest));
  Qmp& qmp = machine.qmp;
  KTSTR_TRY(machine.greet(interrupted));
  KTSTR_TRY(image.load_device_state(qmp));
  return qmp.execute("cont", Qmp::Json::object(), kQmpLimit).map([](const Qmp::Json&) {});
}

// QEMU's own words say more than that it closed the socket.
Error with_qemus_words(Error error, Machine& machine) {
  machine.qemu->kill();
  const auto said = read_text(machine.output, Bytes{64} << 10);
  if (said && !said->empty()) error.with_hint("QEMU printed: " + said->substr(0, 500));
  return error;
}

// For where no plugin guards the clock of an idle guest (docs/decisions/0010-idle-clocks.md). QEMU's main thread moves
// it on, and also wakes up at each timer of the guest. Where it comes late, because the host has other things to do, it
// can take the last CPU for idle before that CPU's instructions are counted, and the clock is then that much ahead. A
// main thread that never waits for a CPU does not come late. It needs little time, and vCPUs stay ordinary.
void never_let_main_thread_wait(const Subprocess& qemu, bool guarded) {
  sched_param parameters{};
  parameters.sched_priority = 1;
  if (::sched_setscheduler(qemu.pid(), SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters) == 0 || guarded) return;
  static std::atomic<bool> said = false;
  if (!said.exchange(true))
    log_info("QEMU's main thread stays an ordinary one ({}): on an overloaded host a run may, rarely, not repeat",
             std::strerror(errno));
}

}  // namespace

MemoryLayout memory_layout(const GuestSpec& spec, Bytes delivery) {
  const Bytes asked = spec.memory != 0 ? spec.memory : memory_by_rule(spec.topology);
  return MemoryLayout::plan(spec.topology, asked, mailbox::size_for_delivery(delivery));
}

Result<CpuVendor> guest_cpu_vendor(Mode mode) {
  if (mode != Mode::kKvm) return CpuVendor::kIntel;
  KTSTR_TRY_ASSIGN(const std::string cpuinfo, read_text("/proc/cpuinfo"));
  return cpu_vendor(cpuinfo);
}

Result<Machine> Machine::start(const GuestSpec& spec, const MemoryLayout& layout, const fs::path& console_log,
                               Start start) {
  const Nanoseconds started = monotonic_now();
  KTSTR_TRY_ASSIGN(GuestMemory memory, GuestMemory::create(spec.ram_dir, layout));
  // QEMU keeps what is in the files, and neither firmware nor kernel touches the mailbox's range.
  if (start == Start::kBoot) {
    memory.mailbox().put_header();
    mailbox::store(memory.mailbox().layout().host.late_cpus, std::uint32_t{spec.late_cpus});
  }
  const fs::path bell = memory.directory() / "doorbell", output = memory.directory() / "qemu.out";
  KTSTR_TRY_ASSIGN(Doorbell doorbell, Doorbell::create(bell));
  KTSTR_TRY_ASSIGN(const CpuVendor vendor, guest_cpu_vendor(spec.mode));
  GuestFiles files{spec.qemu, memory.files(), bell, console_log, {}, start};
  if (spec.late_cpus) {
    files.acpi_table = memory.directory() / "madt";
    KTSTR_TRY(write_atomically(files.acpi_table, interrupt_controller_table(spec.topology)));
  }
  std::optional<ControlFile> control;
  if (!spec.plugin.empty()) {
    KTSTR_TRY_ASSIGN(control, ControlFile::create(memory.directory() / "control", spec.topology, spec.kernel_code));
    files.control_page = control->path();
  }
  std::optional<ProbeFile> probes;
  std::string why_no_probes;
  if (control && spec.listener) {
    auto made = ProbeFile::create(memory.directory() / "probes", *spec.listener, memory);
    if (!made && made.error().code() != ErrorCode::kUnsupported) return std::move(made).error();
    if (made) {
      probes = *std::move(made);
      files.probe_page = probes->path();
    } else {
      why_no_probes = made.error().message();
    }
  }
  KTSTR_TRY_ASSIGN(Qmp qmp, Qmp::create());
  files.qmp = qmp.arguments();
  Subprocess::Options options;
  options.inherit_fds = {qmp.qemu_fd()};
  KTSTR_TRY_ASSIGN(const Fd out, open_file(output, O_WRONLY | O_CREAT | O_APPEND));
  options.argv = qemu_command_line(spec, files, layout, vendor);
  options.env = {qemu_malloc_tunables()};
  options.end_whole_group = true;  // $KTSTR_QEMU may be a script that does not exec
  options.stdout_fd = out.get();
  options.stderr_fd = out.get();
  KTSTR_TRY_ASSIGN(Subprocess qemu, Subprocess::start(options).context("start QEMU"));
  if (spec.mode == Mode::kDet) never_let_main_thread_wait(qemu, !spec.plugin.empty());
  return Machine{std::move(memory),  std::move(doorbell), std::move(qmp),           output,         started,
                 std::move(control), std::move(probes),   std::move(why_no_probes), std::move(qemu)};
}

Status Machine::greet(const std::function<bool()>& interrupted) {
  KTSTR_TRY(hear(interrupted));
  return qmp.greet(kQmpLimit);
}

Status Machine::hear(const std::function<bool()>& interrupted) {
  const Activity waiting("waiting for QEMU to speak");
  RunDelay waited(qemu->pid());
  const Nanoseconds since = monotonic_now();
  return qmp.hear([&]() -> Status {
    if (interrupted && interrupted()) return fail(ErrorCode::kCancelled, "interrupted");
    const Nanoseconds now = monotonic_now();
    if (to_seconds(now - since - waited.at(now)) < kSilentSeconds) return ok();
    return fail(ErrorCode::kTimedOut, "QEMU said nothing for {:.0f} s in which it could run", kSilentSeconds)
        .with_hint("see what $KTSTR_QEMU runs: a script must give QEMU all its arguments, and had best exec it");
  });
}

Result<Machine> Machine::resume(const GuestSpec& spec, const MemoryLayout& layout, const WarmImage& image,
                                const GuestDelivery& first, const fs::path& console_log,
                                const std::function<bool()>& interrupted) {
  KTSTR_TRY(write_text(console_log, image.console()).context("the console log"));
  KTSTR_TRY_ASSIGN(Machine machine, start(spec, layout, console_log, Start::kIncoming));
  if (Status resumed = fill_and_continue(machine, image, first, interrupted); !resumed)
    return with_qemus_words(std::move(resumed).error(), machine).context("continue a warm image");
  return machine;
}

}  // namespace ktstr
