// SPDX-License-Identifier: Apache-2.0
#include "engine/guest.h"

#include <fcntl.h>

#include <algorithm>

#include "base/log.h"
#include "engine/guest_run.h"
#include "engine/warm_image.h"

namespace ktstr {

namespace {

constexpr std::chrono::seconds kQmpLimit{60};

Status check_readable(const fs::path& path, std::string_view what) {
  const auto fd = open_file(path, O_RDONLY);
  if (!fd) return Error(fd.error()).context(fmt::format("the guest's {}", what));
  return ok();
}

// `finding` is empty only where follow() was told what is enough.
Result<GuestOutcome> to_the_end(GuestRun& run) {
  auto finding = run.follow();
  return run.conclude(*std::move(finding));
}

// From "waits for a machine" to the first instruction of the guest.
Status resume(Machine& machine, const WarmImage& image, ByteSpan delivery) {
  KTSTR_TRY(image.restore_memory(machine.memory));
  KTSTR_TRY(machine.memory.mailbox().put_delivery(delivery));
  Qmp& qmp = *machine.qmp;
  KTSTR_TRY(qmp.greet(kQmpLimit));
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

}  // namespace

void remove_guest_leftovers(const fs::path& ram_dir) {
  const std::size_t removed = remove_stale_dirs(ram_dir, "ktstr-vm");
  if (removed != 0) log_info("removed guest memory of {} runs that died, in {}", removed, ram_dir.string());
}

Result<GuestOutcome> run_guest(const GuestSpec& spec, ByteSpan delivery, const GuestIo& io) {
  KTSTR_TRY(spec.topology.validate());
  KTSTR_TRY(check_readable(spec.kernel, "kernel"));
  KTSTR_TRY(check_readable(spec.initramfs, "initramfs"));
  // Made here so that a directory that is not there is an error before anything is booted.
  KTSTR_TRY(write_text(io.console_log, "").context("the console log"));
  KTSTR_TRY_ASSIGN(Machine machine,
                   Machine::start(spec, memory_layout(spec, delivery.size()), io.console_log, Start::kBoot, false));
  GuestRun run(spec, std::move(machine), io);
  run.at_warm_point = [&] { return run.machine().memory.mailbox().put_delivery(delivery); };
  return to_the_end(run);
}

Result<GuestOutcome> fork_guest(const GuestSpec& spec, const WarmImage& image, ByteSpan delivery, const GuestIo& io) {
  KTSTR_TRY(write_atomically(io.console_log, as_byte_span(image.console())).context("the console log"));
  // QEMU starts beside us while we fill its memory, at which it does not look yet.
  KTSTR_TRY_ASSIGN(Machine machine,
                   Machine::start(spec, memory_layout(spec, delivery.size()), io.console_log, Start::kIncoming, true));
  if (Status resumed = resume(machine, image, delivery); !resumed)
    return with_qemus_words(std::move(resumed).error(), machine).context("continue a warm image");
  GuestRun run(spec, std::move(machine), io);
  return to_the_end(run);
}

}  // namespace ktstr
