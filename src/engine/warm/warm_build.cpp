// SPDX-License-Identifier: Apache-2.0
#include "engine/warm/warm_build.h"

#include <sys/stat.h>

#include <thread>

#include "base/activity.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/guest_run.h"
#include "wire/cpio.h"

namespace ktstr {

namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kSaveLimit{120};
constexpr milliseconds kForQemuToReadStop{5};
constexpr milliseconds kBetweenRings{10};
// A boot and a scheduler's start say little, and all of it is held until they are over.
constexpr Bytes kMostRecordBytes = Bytes{32} << 20;
// A host that is too busy to stop a machine in time may be less busy later.
constexpr int kStopTries = 4;

Status wait_for_migration(Qmp& qmp) {
  const Nanoseconds deadline = monotonic_now() + kSaveLimit;
  for (;;) {
    KTSTR_TRY_ASSIGN(const Qmp::Json state, qmp.execute("query-migrate", Qmp::Json::object(), kSaveLimit));
    const std::string status = state.value("status", "");
    if (status == "completed") return ok();
    if (status == "failed" || status == "cancelled")
      return fail(ErrorCode::kIo, "QEMU could not save the machine: {}", state.value("error-desc", status));
    if (monotonic_now() > deadline)
      return fail(ErrorCode::kIo, "QEMU did not save the machine within {} s", kSaveLimit.count());
    std::this_thread::sleep_for(milliseconds(2));
  }
}

// One machine, from its start to the end of the window in which it was saved.
class Attempt {
 public:
  enum class Result { kSaved, kDisturbed, kFailed };

  // `skip` windows are let go by before the one that is saved.
  Attempt(const GuestSpec& spec, const MemoryLayout& layout, const WarmSource& source, const fs::path& directory,
          const std::function<bool()>& interrupted, int skip)
      : spec_(spec), layout_(layout), source_(source), directory_(directory), skip_(skip) {
    spec_.listener.reset();
    spec_.turns.reset();  // they begin with the body; idle clocks are guarded from the boot on
    io_.console_log = directory / "console";
    io_.on_record = [this](const Record& record) -> Status {
      record_bytes_ += kFrameHeaderBytes + record.payload.size();
      if (record_bytes_ > kMostRecordBytes)
        return fail(ErrorCode::kUnsupported, "the guest sent more than {} of records before its test began",
                    format_bytes(kMostRecordBytes));
      failure_.records.push_back(record);
      return ok();
    };
    io_.interrupted = interrupted;
  }

  ktstr::Result<Result> make(const WarmKey& key) {
    KTSTR_TRY_ASSIGN(Machine machine, start());
    GuestRun run(spec_, std::move(machine), io_);
    run.at_warm_point = [&] { return stop(run.machine()); };
    if (auto finding = run.follow([&] { return stopping_; })) {
      failure_.outcome = run.conclude(*std::move(finding));
      return Result::kFailed;
    }
    KTSTR_TRY(save(run, key));
    KTSTR_TRY_ASSIGN(const bool disturbed, look_after_the_window(run.machine()));
    return disturbed ? Result::kDisturbed : Result::kSaved;
  }
  WarmBuild::Failure& failure() { return failure_; }

 private:
  ktstr::Result<Machine> start() {
    if (source_.base != nullptr)
      return Machine::resume(spec_, layout_, *source_.base, *source_.delivery, io_.console_log, io_.interrupted);
    KTSTR_TRY(write_text(io_.console_log, ""));
    KTSTR_TRY_ASSIGN(Machine machine, Machine::start(spec_, layout_, io_.console_log, Start::kBoot));
    KTSTR_TRY(machine.greet(io_.interrupted));
    return machine;
  }

  // At the ring. QEMU's main loop takes the command as soon as the guest, let go by the answer, lets go of QEMU's lock.
  Status stop(Machine& machine) {
    if (skip_-- > 0) return ok();
    windows_before_ = mailbox::load(machine.memory.mailbox().layout().guest.warm_windows);
    KTSTR_TRY(machine.qmp.send("stop", Qmp::Json::object()));
    stopping_ = true;
    std::this_thread::sleep_for(kForQemuToReadStop);
    return ok();
  }

  // Where QEMU is so late that the guest gets through its window, the guest rings for the next one, and QEMU answers
  // nobody as long as that ring is not answered. Whether it rang: then this machine is of no use any more.
  static ktstr::Result<bool> wait_until_stopped(Machine& machine) {
    const Nanoseconds deadline = monotonic_now() + kSaveLimit;
    for (bool rang = false;;) {
      auto answer = machine.qmp.answer(kBetweenRings);
      if (answer) return rang;
      if (answer.error().code() != ErrorCode::kTimedOut || monotonic_now() > deadline)
        return std::move(answer).error().context("QMP stop");
      KTSTR_TRY_ASSIGN(const Doorbell::State bell,
                       machine.doorbell.serve(machine.memory.mailbox(), [] { return ok(); }));
      rang = rang || bell == Doorbell::State::kAnswered;
    }
  }

  Status save(GuestRun& run, const WarmKey& key) {
    const Activity saving("saving the image");
    Machine& machine = run.machine();
    Qmp& qmp = machine.qmp;
    KTSTR_TRY_ASSIGN(const bool rang, wait_until_stopped(machine));
    const auto& guest = machine.memory.mailbox().layout().guest;
    if (rang || mailbox::load(guest.warm_windows) != windows_before_)
      return fail(ErrorCode::kBusy, "the machine could not be stopped at its warm point: this host was too busy");
    const double boot_seconds = run.host_seconds();
    KTSTR_TRY(qmp.execute("migrate-set-capabilities",
                          {{"capabilities", {{{"capability", "x-ignore-shared"}, {"state", true}}}}}, kSaveLimit));
    KTSTR_TRY(qmp.execute("migrate", {{"uri", "file:" + (directory_ / "state").string()}}, kSaveLimit));
    KTSTR_TRY(wait_for_migration(qmp));
    KTSTR_TRY_ASSIGN(const std::string console, read_text(io_.console_log));
    return WarmImage::save(
        directory_, machine.memory,
        {.key = key, .guest_ns = mailbox::load(guest.heartbeat_ns), .boot_seconds = boot_seconds, .console = console});
  }

  // Whether something else ran in the window after all, so that it matters where it was stopped.
  ktstr::Result<bool> look_after_the_window(Machine& machine) const {
    KTSTR_TRY(machine.qmp.execute("cont", Qmp::Json::object(), kSaveLimit));
    const auto& guest = machine.memory.mailbox().layout().guest;
    const Nanoseconds deadline = monotonic_now() + kSaveLimit;
    while (mailbox::load(guest.warm_windows) == windows_before_) {
      if (monotonic_now() > deadline) return fail(ErrorCode::kIo, "the saved machine does not go on");
      if (io_.interrupted && io_.interrupted()) return fail(ErrorCode::kCancelled, "interrupted");
      std::this_thread::sleep_for(milliseconds(1));
    }
    return mailbox::load(guest.warm_disturbed) != 0;
  }

  GuestSpec spec_;
  const MemoryLayout& layout_;
  const WarmSource& source_;
  const fs::path& directory_;
  GuestIo io_;
  int skip_;
  bool stopping_ = false;
  std::uint32_t windows_before_ = 0;
  Bytes record_bytes_ = 0;
  WarmBuild::Failure failure_;
};

// But for directories in it, which hold what the image is made from.
void remove_files(const fs::path& directory) {
  std::error_code ignored;
  for (const auto& file : fs::directory_iterator(directory, ignored))
    if (!file.is_directory(ignored)) fs::remove(file, ignored);
}

}  // namespace

Result<WarmBuild> build_warm_image(const GuestSpec& spec, const MemoryLayout& layout, const WarmSource& source,
                                   const WarmKey& key, const fs::path& directory,
                                   const std::function<bool()>& interrupted) {
  int skip = 0, missed = 0;
  while (skip < mailbox::kMostDisturbedWindows - 1) {
    remove_files(directory);
    Attempt attempt(spec, layout, source, directory, interrupted, skip);
    auto result = attempt.make(key);
    if (!result && result.error().code() == ErrorCode::kBusy && ++missed < kStopTries) {
      log_info("{}: again", result.error().message());
      continue;
    }
    if (!result) return std::move(result).error();
    if (*result == Attempt::Result::kFailed) return WarmBuild{.failure = std::move(attempt.failure())};
    if (*result == Attempt::Result::kSaved) {
      std::error_code ignored;
      fs::remove(directory / "console", ignored);
      return WarmBuild{};
    }
    ++skip;
  }
  return WarmBuild{.failure = {}, .never_quiet = true};
}

const GuestDelivery& all_cpus() {
  static const ByteVector no_files = NewcWriter().finish();
  static const GuestDelivery delivery{mailbox::DeliveryKind::kCpus, no_files};
  return delivery;
}

Result<WarmBuild> build_booted_image(const GuestSpec& spec, const MemoryLayout& layout, const WarmKey& key,
                                     const fs::path& directory, const std::function<bool()>& interrupted) {
  if (!spec.late_cpus) return build_warm_image(spec, layout, {}, key, directory, interrupted);
  const fs::path first = directory / "first";
  if (::mkdir(first.c_str(), 0700) != 0) return fail_errno("cannot make {}", first.string());
  KTSTR_TRY_ASSIGN(WarmBuild booted, build_warm_image(spec, layout, {}, key, first, interrupted));
  if (booted.failure || booted.never_quiet) return booted;
  KTSTR_TRY_ASSIGN(const WarmImage image, WarmImage::open(first));
  KTSTR_TRY_ASSIGN(WarmBuild built, build_warm_image(spec, layout, {.base = &image, .delivery = all_cpus()}, key,
                                                     directory, interrupted));
  std::error_code ignored;
  fs::remove_all(first, ignored);
  return built;
}

}  // namespace ktstr
