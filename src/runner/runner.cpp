// SPDX-License-Identifier: Apache-2.0
#include "runner/runner.h"

#include <algorithm>

#include "base/clock.h"
#include "base/log.h"
#include "engine/guest.h"
#include "kernel/select.h"
#include "report/text_report.h"
#include "results/run_directory.h"
#include "results/run_id.h"
#include "results/run_record_json.h"
#include "runner/classify.h"
#include "runner/collector.h"
#include "runner/package_guest.h"

namespace ktstr {

PhaseLimits limits_for(std::chrono::nanoseconds duration) {
  PhaseLimits limits;
  // Setting up and collecting many cgroups on a slow guest takes its time; a stuck body is worth waiting for once.
  limits.body = std::chrono::duration_cast<std::chrono::milliseconds>(duration) + std::chrono::seconds(30);
  return limits;
}

namespace {

constexpr std::size_t kLogTail = 200;
constexpr int kDefaultShift = 3;
constexpr Bytes kLeastMemoryPerCpu = Bytes{64} << 20;

// One run on its way. Each part either goes on or has left its Error in `record`.
class Run {
 public:
  Run(const RunRequest& request, const RunnerEnvironment& environment) : request_(request), environment_(environment) {}

  RunRecord execute();

 private:
  // What the user named, then what the machine has: the first mistake of the user is worth more than a missing QEMU.
  Status check_request();
  Status prepare_user_inputs();
  Status prepare_machine();
  Status boot();
  void remember(const GuestOutcome& guest);
  void store();

  const RunRequest& request_;
  const RunnerEnvironment& environment_;
  RunRecord record_;
  std::optional<RunDirectory> directory_;
  KernelImage kernel_;
  GuestSpec spec_;
  Job job_;
  ByteVector delivery_;
  Collector collector_;
};

Status Run::check_request() {
  KTSTR_TRY(request_.topology.validate());
  if (request_.memory != 0 && request_.memory < kLeastMemoryPerCpu * static_cast<Bytes>(request_.topology.cpus()))
    return Error(ErrorCode::kInvalidArgument, fmt::format("{} of memory is too little for {} CPUs",
                                                          format_bytes(request_.memory), request_.topology.cpus()))
        .with_hint("give at least 64 MiB a CPU, or leave it out");
  if (request_.duration <= std::chrono::nanoseconds(0))
    return fail(ErrorCode::kInvalidArgument, "the duration must be longer than nothing");
  KTSTR_TRY_ASSIGN(spec_.mode, resolve_mode(request_.mode));
  record_.mode = to_string(spec_.mode);
  spec_.topology = request_.topology;
  spec_.icount_shift = request_.icount_shift.value_or(kDefaultShift);
  if (spec_.icount_shift < 0 || spec_.icount_shift > 10)
    return fail(ErrorCode::kInvalidArgument, "an instruction-count shift of {}; accepted: 0 to 10", spec_.icount_shift);
  spec_.memory = request_.memory != 0 ? request_.memory : memory_by_rule(request_.topology);
  spec_.limits = limits_for(request_.duration);
  spec_.host_limit_scale = request_.host_limit_scale;
  spec_.ram_dir = environment_.ram_dir;
  return ok();
}

Status Run::prepare_user_inputs() {
  job_ = {.test = request_.test,
          .args = request_.args,
          .topology = request_.topology,
          .duration = request_.duration,
          .seed = request_.seed,
          .vary = request_.vary,
          .checks = request_.checks,
          .limits = spec_.limits};
  KTSTR_TRY_ASSIGN(Delivery delivery, make_delivery(request_, job_, record_.tuple.inputs));
  job_ = std::move(delivery.job);
  if (request_.kernel.empty() && !environment_.kernel) return ok();
  const KernelEnvironment kernels{.cache_root = environment_.cache_dir / "kernels", .ktstr_kernel = environment_.kernel};
  KTSTR_TRY_ASSIGN(kernel_, select_kernel(kernels, request_.kernel));
  return ok();
}

Status Run::prepare_machine() {
  if (kernel_.vmlinux.empty()) {
    const KernelEnvironment kernels{.cache_root = environment_.cache_dir / "kernels"};
    KTSTR_TRY_ASSIGN(kernel_, select_kernel(kernels));
  }
  record_.kernel = kernel_.release;
  record_.kernel_path = kernel_.vmlinux.string();
  record_.tuple.kernel_sha256 = kernel_.sha256;
  if (!request_.scheduler.empty() && !kernel_.has_sched_ext)
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("kernel {} has no sched_ext, and a scheduler was asked for", kernel_.release))
        .with_hint("`ktstr kernel list` shows which kernels have it; `ktstr kernel fetch` gets one");
  KTSTR_TRY_ASSIGN(const QemuInfo qemu, find_qemu(environment_.qemu));
  record_.tuple.qemu_version = qemu.version;
  spec_.qemu = qemu.path.string();
  spec_.kernel = kernel_.vmlinux;
  if (spec_.mode == Mode::kDet) {
    job_.quantum = request_.quantum.value_or(default_quantum(qemu, request_.topology));
    if (job_.quantum.count() > 0 && !qemu.quantum_is_safe())
      return Error(ErrorCode::kUnsupported,
                   fmt::format("QEMU {} does not repeat runs that use a quantum", qemu.version))
          .with_hint("install QEMU 8.1 or later (bookworm-backports), or give --quantum 0 and accept coarse latencies");
    record_.tuple.icount_shift = spec_.icount_shift;
    record_.tuple.quantum_ns = static_cast<std::uint64_t>(job_.quantum.count());
    record_.turn_ns = record_.tuple.quantum_ns / static_cast<std::uint64_t>(request_.topology.cpus());
  }
  record_.tuple.memory_bytes = spec_.memory;
  // Again, now that the quantum is known: it is part of the job.
  InputHashes again;
  KTSTR_TRY_ASSIGN(Delivery delivery, make_delivery(request_, job_, again));
  delivery_ = std::move(delivery.archive);
  return ok();
}

Status Run::boot() {
  remove_guest_leftovers(environment_.ram_dir);
  std::error_code error;
  if (!fs::is_regular_file(environment_.agent, error))
    return Error(ErrorCode::kNotFound, "the guest agent is not there: " + environment_.agent.string())
        .with_hint("build it (`./dev.sh build`), install ktstr, or set KTSTR_AGENT");
  KTSTR_TRY_ASSIGN(const ByteVector initramfs, make_initramfs(environment_.agent, record_.tuple.inputs));
  KTSTR_TRY_ASSIGN(const TempDir files, TempDir::create(environment_.ram_dir, "ktstr-vm"));
  spec_.initramfs = files.path() / "initramfs";
  KTSTR_TRY(write_atomically(spec_.initramfs, initramfs)
                .context("write the initramfs to " + environment_.ram_dir.string()));
  auto guest = run_guest(
      spec_, delivery_, directory_->path() / "console.log",
      [&](const Record& record) { return collector_.add(record); }, interrupted);
  if (!guest) return std::move(guest).error();
  remember(*guest);
  classify(request_, collector_.story(), *guest, record_);
  return ok();
}

std::vector<std::string> tail(const std::vector<std::string>& lines) {
  return {lines.end() - static_cast<std::ptrdiff_t>(std::min(lines.size(), kLogTail)), lines.end()};
}

void Run::remember(const GuestOutcome& guest) {
  const GuestStory& story = collector_.story();
  for (const auto& start : guest.phases)
    record_.phases.push_back({std::string(to_string(start.phase)), start.guest_ns, start.host_seconds});
  record_.console_tail = guest.console_tail;
  record_.marks = story.marks;
  record_.workers = story.workers;
  record_.scheduler_log = tail(story.scheduler_log);
  record_.kernel_log = tail(story.kernel_log);
  record_.body_log = tail(story.body_log);
  if (story.body_end_ns > story.body_start_ns && story.body_start_ns != 0)
    record_.body_ns = story.body_end_ns - story.body_start_ns;
  record_.digest = collector_.digest();
  record_.digest_complete = guest.end == GuestEnd::kCompleted && story.ended && guest.dropped_records == 0;
  for (const std::string& line : story.agent_log) log_warn("guest agent: {}", line);
  if (guest.dropped_records != 0) log_warn("{} records of the guest were too large and are lost", guest.dropped_records);
  const ByteVector events = pack_events(collector_.records());
  if (const Status status = write_atomically(directory_->path() / "events.bin", events); !status)
    log_warn("{}", status.error().render());
}

void Run::store() {
  if (!directory_) return;
  for (const auto& [name, text] :
       {std::pair("result.json", to_json(record_)), std::pair("report.txt", text_report(record_, {.verbose = true}))}) {
    if (const Status status = write_atomically(directory_->path() / name, as_byte_span(text)); !status)
      log_warn("{}", status.error().render());
  }
}

RunRecord Run::execute() {
  const Nanoseconds start = monotonic_now();
  const auto now = std::chrono::system_clock::now();
  record_.test = request_.test;
  record_.repeat_command = request_.repeat_command;
  record_.started_at = format_rfc3339(now);
  record_.scheduler.command = request_.scheduler;
  record_.tuple.test = request_.test;
  record_.tuple.seed = request_.seed;
  record_.tuple.vary = request_.vary.to_string();
  record_.tuple.topology = request_.topology;

  bool of_user = true;
  auto steps = [&]() -> Status {
    KTSTR_TRY(check_request());
    KTSTR_TRY(prepare_user_inputs());
    of_user = false;
    KTSTR_TRY(prepare_machine());
    KTSTR_TRY_ASSIGN(directory_, RunDirectory::create(environment_.state_dir, request_.test, now));
    record_.id = directory_->id();
    record_.run_dir = directory_->path().string();
    return boot();
  };
  if (const Status status = steps(); !status) {
    record_.outcome = outcome_of_error(status.error(), of_user);
    record_.error = status.error().message();
    record_.error_hint = status.error().hint();
  }
  record_.host_seconds = to_seconds(monotonic_now() - start);
  store();
  ignore_result(prune_runs(environment_.state_dir), "old runs are removed another time");
  return record_;
}

}  // namespace

RunRecord run(const RunRequest& request, const RunnerEnvironment& environment) {
  return Run(request, environment).execute();
}

}  // namespace ktstr
