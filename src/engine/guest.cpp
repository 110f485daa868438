// SPDX-License-Identifier: Apache-2.0
#include "engine/guest.h"

#include <fcntl.h>

#include <algorithm>

#include "base/log.h"
#include "engine/guest_run.h"
#include "engine/warm/warm_build.h"
#include "engine/warm/warm_image.h"

namespace ktstr {

namespace {

Status check_readable(const fs::path& path, std::string_view what) {
  const auto fd = open_file(path, O_RDONLY);
  if (!fd) return Error(fd.error()).context(fmt::format("the guest's {}", what));
  return ok();
}

Status hold(Machine& machine, const GuestIo& io) {
  Qmp& qmp = machine.qmp;
  KTSTR_TRY(qmp.greet(kQmpLimit));
  KTSTR_TRY(qmp.execute("stop", Qmp::Json::object(), kQmpLimit));
  return io.pause->when_paused(
      {.memory = machine.memory, .console_log = io.console_log, .serve_gdb = [&](const fs::path& socket) -> Status {
         const std::string line = fmt::format("gdbserver unix:{},server=on,wait=off", socket.string());
         KTSTR_TRY_ASSIGN(const Qmp::Json said,
                          qmp.execute("human-monitor-command", {{"command-line", line}}, kQmpLimit));
         std::error_code error;
         if (fs::exists(socket, error)) return ok();
         return fail(ErrorCode::kUnsupported, "QEMU opens no gdbstub: {}", said.dump());
       }});
}

Result<GuestOutcome> to_the_end(GuestRun& run, const GuestIo& io) {
  const bool pauses = io.pause != nullptr;
  auto finding = pauses ? run.follow([&] { return io.pause->reached(run.machine().memory); }) : run.follow();
  // Empty only where follow() was told what is enough.
  if (finding) return run.conclude(*std::move(finding));
  run.end_recording();
  KTSTR_TRY(hold(run.machine(), io));
  return run.conclude({GuestEnd::kPaused, "stopped where it was to be"});
}

// Boots for itself, and goes on with all its CPUs from where it would have become an image.
Result<GuestOutcome> run_with_late_cpus(const GuestSpec& spec, const Deliveries& deliveries, const GuestIo& io) {
  KTSTR_TRY_ASSIGN(const TempDir directory, TempDir::create(spec.ram_dir, "ktstr-vm"));
  const MemoryLayout layout = memory_layout(spec, largest(deliveries));
  KTSTR_TRY_ASSIGN(WarmBuild booted, build_warm_image(spec, layout, {}, {}, directory.path(), io.interrupted));
  if (booted.failure) {
    KTSTR_TRY_ASSIGN(const std::string console, read_text(directory.path() / "console"));
    KTSTR_TRY(write_text(io.console_log, console));
    for (const Record& record : booted.failure->records) KTSTR_TRY(io.on_record(record));
    return std::move(booted.failure->outcome);
  }
  if (booted.never_quiet)
    return fail(ErrorCode::kUnsupported, "the booted guest never keeps quiet, so that its other CPUs cannot be added")
        .with_hint("up to 8 CPUs are there from the start");
  KTSTR_TRY_ASSIGN(const WarmImage image, WarmImage::open(directory.path()));
  Deliveries all = {all_cpus()};
  all.insert(all.end(), deliveries.begin(), deliveries.end());
  return fork_guest(spec, image, layout, all, io);
}

}  // namespace

Bytes largest(const Deliveries& deliveries) {
  Bytes size = 0;
  for (const GuestDelivery& delivery : deliveries) size = std::max(size, delivery.size());
  return size;
}

void remove_guest_leftovers(const fs::path& ram_dir) {
  const std::size_t removed = remove_stale_dirs(ram_dir, "ktstr-vm");
  if (removed != 0) log_info("removed guest memory of {} runs that died, in {}", removed, ram_dir.string());
}

Result<GuestOutcome> run_guest(const GuestSpec& spec, const Deliveries& deliveries, const GuestIo& io) {
  KTSTR_TRY(spec.topology.validate());
  KTSTR_TRY(check_readable(spec.kernel, "kernel"));
  KTSTR_TRY(check_readable(spec.initramfs, "initramfs"));
  // Made here so that a directory that is not there is an error before anything is booted.
  KTSTR_TRY(write_text(io.console_log, "").context("the console log"));
  if (spec.late_cpus) return run_with_late_cpus(spec, deliveries, io);
  KTSTR_TRY_ASSIGN(Machine machine,
                   Machine::start(spec, memory_layout(spec, largest(deliveries)), io.console_log, Start::kBoot));
  // One that has ended already is the run's to explain.
  if (const Status spoke = machine.hear(io.interrupted); !spoke && spoke.error().code() != ErrorCode::kGuestLost)
    return spoke.error();
  GuestRun run(spec, std::move(machine), io);
  run.to_deliver = deliveries;
  return to_the_end(run, io);
}

Result<GuestOutcome> fork_guest(const GuestSpec& spec, const WarmImage& image, const MemoryLayout& layout,
                                const Deliveries& deliveries, const GuestIo& io) {
  KTSTR_TRY_ASSIGN(Machine machine,
                   Machine::resume(spec, layout, image, deliveries.at(0), io.console_log, io.interrupted));
  GuestRun run(spec, std::move(machine), io);
  run.to_deliver.assign(deliveries.begin() + 1, deliveries.end());
  return to_the_end(run, io);
}

}  // namespace ktstr
