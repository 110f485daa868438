// SPDX-License-Identifier: Apache-2.0
#include "engine/machine.h"

#include <fcntl.h>

#include "base/clock.h"

namespace ktstr {

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
                               Start start, bool with_qmp) {
  const Nanoseconds started = monotonic_now();
  KTSTR_TRY_ASSIGN(GuestMemory memory, GuestMemory::create(spec.ram_dir, layout));
  // QEMU keeps what is in the files, and neither firmware nor kernel touches the mailbox's range.
  if (start == Start::kBoot) memory.mailbox().put_header();
  const fs::path bell = memory.directory() / "doorbell", output = memory.directory() / "qemu.out";
  KTSTR_TRY_ASSIGN(Doorbell doorbell, Doorbell::create(bell));
  KTSTR_TRY_ASSIGN(const CpuVendor vendor, guest_cpu_vendor(spec.mode));
  GuestFiles files{spec.qemu, memory.files(), bell, console_log, {}, start};
  std::optional<Qmp> qmp;
  Subprocess::Options options;
  if (with_qmp) {
    KTSTR_TRY_ASSIGN(qmp, Qmp::create());
    files.qmp = qmp->arguments();
    options.inherit_fds = {qmp->qemu_fd()};
  }
  KTSTR_TRY_ASSIGN(const Fd out, open_file(output, O_WRONLY | O_CREAT | O_APPEND));
  options.argv = qemu_command_line(spec, files, layout, vendor);
  options.stdout_fd = out.get();
  options.stderr_fd = out.get();
  KTSTR_TRY_ASSIGN(Subprocess qemu, Subprocess::start(options).context("start QEMU"));
  return Machine{std::move(memory), std::move(doorbell), std::move(qmp), output, started, std::move(qemu)};
}

}  // namespace ktstr
