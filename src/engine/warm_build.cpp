// SPDX-License-Identifier: Apache-2.0
#include "engine/warm_build.h"

#include <thread>

#include "base/clock.h"
#include "engine/guest_run.h"

namespace ktstr {

namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kQmpLimit{120};
constexpr milliseconds kForQemuToReadStop{5};

Status wait_for_migration(Qmp& qmp) {
  const Nanoseconds deadline = monotonic_now() + kQmpLimit;
  for (;;) {
    KTSTR_TRY_ASSIGN(const Qmp::Json state, qmp.execute("query-migrate", Qmp::Json::object(), kQmpLimit));
    const std::string status = state.value("status", "");
    if (status == "completed") return ok();
    if (status == "failed" || status == "cancelled")
      return fail(ErrorCode::kIo, "QEMU could not save the machine: {}", state.value("error-desc", status));
    if (monotonic_now() > deadline) return fail(ErrorCode::kTimedOut, "QEMU did not save the machine");
    std::this_thread::sleep_for(milliseconds(2));
  }
}

Status save_machine(GuestRun& run, const WarmKey& key, const fs::path& directory, const fs::path& console_log) {
  Machine& machine = run.machine();
  Qmp& qmp = *machine.qmp;
  KTSTR_TRY(qmp.answer(kQmpLimit).context("QMP stop"));
  const auto& guest = machine.memory.mailbox().layout().guest;
  if (mailbox::load(guest.warm_windows) != 0)
    return fail(ErrorCode::kBusy, "the machine could not be stopped at its warm point: this host was too busy");
  const double boot_seconds = run.host_seconds();
  KTSTR_TRY(qmp.execute("migrate-set-capabilities",
                        {{"capabilities", {{{"capability", "x-ignore-shared"}, {"state", true}}}}}, kQmpLimit));
  KTSTR_TRY(qmp.execute("migrate", {{"uri", "file:" + (directory / "state").string()}}, kQmpLimit));
  KTSTR_TRY(wait_for_migration(qmp));
  KTSTR_TRY_ASSIGN(const std::string console, read_text(console_log));
  return WarmImage::save(
      directory, machine.memory,
      {.key = key, .guest_ns = mailbox::load(guest.heartbeat_ns), .boot_seconds = boot_seconds, .console = console});
}

}  // namespace

Result<WarmBuild> build_warm_image(const GuestSpec& spec, const MemoryLayout& layout, const WarmKey& key,
                                   const fs::path& directory, const std::function<bool()>& interrupted) {
  const fs::path console_log = directory / "console";
  KTSTR_TRY(write_text(console_log, ""));
  const GuestIo io{
      .console_log = console_log, .on_record = [](const Record&) { return ok(); }, .interrupted = interrupted};
  KTSTR_TRY_ASSIGN(Machine machine, Machine::start(spec, layout, console_log, Start::kBoot, true));
  GuestRun run(spec, std::move(machine), io);
  bool stopping = false;
  // QEMU's main loop takes the command as soon as the guest, let go by the answer, lets go of QEMU's lock.
  run.at_warm_point = [&]() -> Status {
    Qmp& qmp = *run.machine().qmp;
    KTSTR_TRY(qmp.send("stop", Qmp::Json::object()));
    stopping = true;
    std::this_thread::sleep_for(kForQemuToReadStop);
    return ok();
  };
  KTSTR_TRY(run.machine().qmp->greet(kQmpLimit).context("speak to QEMU"));
  if (auto finding = run.follow([&] { return stopping; })) return WarmBuild{run.conclude(*std::move(finding))};
  KTSTR_TRY(save_machine(run, key, directory, console_log));
  std::error_code ignored;
  fs::remove(console_log, ignored);
  return WarmBuild{};
}

}  // namespace ktstr
