// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>

#include "base/activity.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/text/users_mistake.h"
#include "engine/warm/warm_guest.h"
#include "results/object_store.h"
#include "runner/guest_machine.h"
#include "runner/guest_tracing.h"
#include "runner/judge/vcpus_seen.h"
#include "runner/package_guest.h"
#include "runner/place/place.h"
#include "runner/recorder.h"
#include "runner/replay/stored_request.h"
#include "trace/tracefs/probe_events.h"

namespace ktstr {

namespace {

// What the user named, then what the machine has: the first mistake of the user is worth more than a missing QEMU.
class GuestPlace final : public Place {
 public:
  GuestPlace(const RunRequest& request, const RunnerEnvironment& environment, RunRecord& record)
      : request_(request), environment_(environment), record_(record) {
    record_.tuple = tuple_of(request.settings);
    if (request.starts_with_scheduler()) record_.schedulers = {{.command = request.scheduler}};
    record_.declared = request.declared;
  }

  Status check() override;
  Status prepare() override;
  void keep_inputs(const RunDirectory& directory) override;
  Result<RunEnd> run_body(const RunDirectory& directory, const std::function<Status(const Record&)>& take) override;
  void remember(const GuestOutcome& guest, const GuestStory& story) override;

 private:
  Status pack_named_files();
  Status choose_turns();
  Status prepare_recorder();
  Status prepare_tracing();
  Result<UserProbes> probes_of_user() const;
  Result<WatchedMemory> watched_memory() const;
  void remember_trace(const std::string& why_no_events);
  Result<GuestOutcome> start_guest(const Deliveries& deliveries, const GuestIo& io);

  const RunRequest& request_;
  const RunnerEnvironment& environment_;
  RunRecord& record_;
  KernelImage kernel_;
  GuestSpec spec_;
  Job job_;
  std::string job_json_;
  PackedInputs own_;  // when the request comes without
  const PackedInputs* packed_ = &own_;
  QemuInfo qemu_;
  std::string plugin_sha256_;           // "" for none
  std::shared_ptr<Recorder> recorder_;  // det, where the plugin can look into the kernel
  std::string why_no_recorder_;
  std::optional<GuestTracing> tracing_;  // kvm, tcg, where it is wanted
};

// Those that stand ready are loaded before the test; for each that an op starts anew the body may take as long.
void allow_for_staged(const RunRequest& request, PhaseLimits& of_host, PhaseLimits& of_guest) {
  if (request.staged.empty()) return;
  constexpr int kStartedAnew = 4;
  int copies = 0;
  for (const auto& [name, staged] : request.staged) copies += staged.copies;
  of_host.body = of_guest.body += kStartedAnew * of_guest.attach;
  of_host.attach += copies * of_guest.attach;
}

Status GuestPlace::check() {
  KTSTR_TRY_ASSIGN(spec_, guest_spec(request_, environment_));
  record_.mode = to_string(spec_.mode);
  job_ = {.settings = request_.settings, .limits = spec_.limits};
  allow_for_staged(request_, spec_.limits, job_.limits);
  job_.settings.turn.reset();  // until choose_turns() knows
  job_.settings.quantum.reset();
  if (request_.packed)
    packed_ = request_.packed.get();
  else
    KTSTR_TRY(pack_named_files());
  job_.scheduler = packed_->scheduler;
  if (!request_.has_scheduler()) job_.setup = request_.setup;
  job_.staged = packed_->staged;
  job_.body = packed_->body;
  job_.settings.payload_path = packed_->payload_path;
  if (job_.body.empty()) job_.scenario = request_.scenario_text;
  if (request_.kernel.empty() && !environment_.kernel) return ok();
  KTSTR_TRY_ASSIGN(kernel_, kernel_for(request_, environment_));
  return ok();
}

Status GuestPlace::pack_named_files() {
  Status packed = pack_files(request_, own_);
  if (!packed) return users_mistake(std::move(packed).error());
  return packed;
}

// Many runs have the same reason: it is said once.
void warn_of_unequal_cpus(const std::string& why) {
  static std::atomic<bool> said = false;
  if (!said.exchange(true))
    log_warn(
        "CPUs are unequal and runs slower: a timer in the guest ends turns, because {}; see `ktstr doctor`, and "
        "KTSTR_TURNS=quantum says that it is meant",
        why);
}

// In det mode.
Status GuestPlace::choose_turns() {
  KTSTR_TRY_ASSIGN(const TurnChoice choice, ktstr::choose_turns(request_, environment_, qemu_, spec_.icount_shift));
  record_.why_quantum = choice.why_quantum;
  spec_.plugin = choice.plugin;
  why_no_recorder_ =
      choice.plugin.empty() ? "no plugin looks into the guest: " + choice.why_unguarded : choice.why_no_probes;
  plugin_sha256_ = choice.plugin_sha256;
  if (!choice.why_unguarded.empty())
    log_info("the clock of an idle guest is not guarded against the host's load: {}", choice.why_unguarded);
  if (choice.settings) {
    job_.settings.turn = record_.tuple.turn_instructions = choice.turn;
    spec_.turns = choice.settings;
    if (choice.policy != TurnPolicy::kEven) record_.tuple.policy = to_string(choice.policy);
    record_.turn_ns = std::uint64_t{choice.settings->turn} << spec_.icount_shift;
    return ok();
  }
  if (choice.wanted && !choice.why_quantum.empty())
    log_info("turns by a timer in the guest: {}", choice.why_quantum);
  else if (!choice.why_quantum.empty())
    warn_of_unequal_cpus(choice.why_quantum);
  const Nanoseconds quantum = request_.settings.quantum.value_or(default_quantum(request_.settings.topology));
  job_.settings.quantum = quantum;
  if (quantum.count() > 0 && !qemu_.quantum_is_safe())
    return Error(ErrorCode::kUnsupported,
                 fmt::format("QEMU {} does not repeat runs that use a quantum, which det mode needs for fine time",
                             qemu_.version))
        .with_hint(
            "install QEMU 8.1 or later (on Debian 12: bookworm-backports), or give --quantum 0: runs repeat, but vCPUs "
            "take turns of up to a whole tick, so that wake latencies of many milliseconds are of the machine and not "
            "of "
            "the scheduler");
  record_.tuple.quantum_ns = static_cast<std::uint64_t>(quantum.count());
  record_.turn_ns = record_.tuple.quantum_ns / static_cast<std::uint64_t>(request_.settings.topology.cpus());
  return ok();
}

// The flag that asked for what only the recorder can do; "" for none.
std::string needs_recorder(const RunRequest& request) {
  if (!request.probes.empty()) return "--probe";
  if (!request.schedule.empty()) return "--hold";
  if (!request.watch_kernel.empty()) return "--watch-kernel";
  return request.watch_memory ? "--watch-memory" : "";
}

Error no_recorder_for(std::string_view flag, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, "{} needs the recorder, and there is none: {}", flag, why)
      .with_hint(fmt::format("run it without {}", flag));
}

Result<UserProbes> GuestPlace::probes_of_user() const {
  if (request_.probes.empty()) return UserProbes();
  const Activity looking("looking for the functions that are to be seen");
  KTSTR_TRY_ASSIGN(const std::vector<UserProbe> wanted, parse_user_probes(request_.probes));
  KTSTR_TRY_ASSIGN(const ByteVector image, read_bytes(kernel_.vmlinux));
  auto compiled = compile_user_probes(image, wanted);
  if (!compiled)
    return Error(ErrorCode::kInvalidArgument, compiled.error().message()).with_hint(compiled.error().hint());
  return compiled;
}

Result<WatchedMemory> GuestPlace::watched_memory() const {
  return ktstr::watched_memory(request_.watch_memory, request_.watch_kernel, request_.schedule, kernel_.vmlinux,
                               kernel_.sha256);
}

// Its absence is no reason not to run: the run is the same. That of what the user has asked for by name is one.
Status GuestPlace::prepare_recorder() {
  if (!request_.recorder) why_no_recorder_ = "it was not wanted (--no-recorder)";
  std::optional<KernelProbes> kernel;
  if (why_no_recorder_.empty()) {
    auto found = probes_of(kernel_.vmlinux, kernel_.sha256, environment_.cache_dir / "probes");
    if (found)
      kernel = *std::move(found);
    else
      why_no_recorder_ = found.error().message();
  }
  const std::string asked_for = needs_recorder(request_);
  if (!kernel && asked_for.empty()) return ok();
  if (!kernel) return no_recorder_for(asked_for, why_no_recorder_);
  KTSTR_TRY_ASSIGN(UserProbes user, probes_of_user());
  KTSTR_TRY_ASSIGN(WatchedMemory memory, watched_memory());
  const std::size_t own = kernel->probes.size() + memory.locks.probes.size();
  if (const std::size_t all = own + user.of_kernel.size(); all > control::kMostProbes)
    return no_recorder_for("--probe",
                           fmt::format("{} functions are too many, {} with the recorder's own; there is room for {}",
                                       user.of_kernel.size(), all, control::kMostProbes));
  if (const std::size_t ends = user.ends.size() + memory.locks.ends.size(); ends > control::kMostExits)
    return no_recorder_for("--probe", fmt::format("the ends of {} functions are too many; there is room for {}", ends,
                                                  control::kMostExits));
  recorder_ = std::make_shared<Recorder>(*std::move(kernel), std::move(user), std::move(memory),
                                         request_.settings.topology.cpus());
  spec_.listener = recorder_;
  return ok();
}

// In the modes without a recorder. The job of a replay is sent as it was, where that is what it says.
Status GuestPlace::prepare_tracing() {
  if (!request_.trace) return ok();
  tracing_.emplace(static_cast<std::uint32_t>(request_.settings.topology.cpus()));
  Job job = job_;
  if (!packed_->job_json.empty()) {
    KTSTR_TRY_ASSIGN(job, job_from_json(packed_->job_json));
  }
  // By addresses, which are this kernel's: a replay may be on another one.
  std::vector<std::string> functions;
  const auto kernel = probes_of(kernel_.vmlinux, kernel_.sha256, environment_.cache_dir / "probes");
  if (kernel)
    functions = probe_events(*kernel);
  else
    log_info("the guest's kernel traces no functions: {}", kernel.error().message());
  if (job.traced.value_or(false) && job.probe_events == functions) return ok();
  job.traced = true;
  job.probe_events = std::move(functions);
  job_json_ = job_to_json(job);
  return ok();
}

Status GuestPlace::prepare() {
  if (kernel_.vmlinux.empty()) {
    KTSTR_TRY_ASSIGN(kernel_, kernel_for(request_, environment_));
  }
  record_.kernel = kernel_.release;
  record_.kernel_path = kernel_.vmlinux.string();
  record_.tuple.kernel_sha256 = kernel_.sha256;
  if (request_.has_scheduler() && !kernel_.has_btf)
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("kernel {} has no BTF (no .BTF section in {}), which sched_ext and its schedulers need",
                             kernel_.release, kernel_.vmlinux.string()))
        .with_hint("build it with CONFIG_DEBUG_INFO_BTF=y, or give an image that was not stripped of it");
  if (request_.has_scheduler() && !kernel_.has_sched_ext)
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("kernel {} has no sched_ext, and a scheduler was asked for", kernel_.release))
        .with_hint("`ktstr kernel list` shows which kernels have it; `ktstr kernel fetch` gets one");
  KTSTR_TRY_ASSIGN(qemu_, complete_spec(spec_, kernel_, environment_));
  record_.tuple.qemu_version = qemu_.version;
  if (spec_.mode == Mode::kDet) {
    KTSTR_TRY(choose_turns());
    KTSTR_TRY(prepare_recorder());
    record_.tuple.icount_shift = spec_.icount_shift;
    record_.tuple.cpu_speeds = to_string(request_.settings.cpu_speeds);
    record_.tuple.schedule = request_.schedule;
    record_.cpu_mips = mips_of(spec_.icount_shift, request_.settings.topology.cpus());
  } else if (const std::string asked_for = needs_recorder(request_); !asked_for.empty()) {
    return no_recorder_for(asked_for, fmt::format("it needs det mode, and this is {} mode", to_string(spec_.mode)));
  } else if (!request_.settings.cpu_speeds.empty()) {
    return Error(ErrorCode::kInvalidArgument, "CPUs with speeds of their own need det mode").with_hint("--mode det");
  } else if (request_.settings.policy != TurnPolicy::kEven) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("a policy of turns ('{}') needs det mode", to_string(request_.settings.policy)))
        .with_hint("--mode det");
  }
  if (spec_.mode != Mode::kDet) KTSTR_TRY(prepare_tracing());
  record_.tuple.memory_bytes = spec_.memory;
  if (!request_.packed) {
    KTSTR_TRY(pack_kernel_config(kernel_, own_));
    KTSTR_TRY(pack_kernel_modules(kernel_, request_, own_));
    KTSTR_TRY(pack_initramfs(environment_.agent, own_));
  }
  record_.tuple.inputs = packed_->inputs;
  if (!plugin_sha256_.empty()) record_.tuple.inputs[kTurnsPluginName] = plugin_sha256_;
  if (job_json_.empty()) job_json_ = packed_->job_json.empty() ? job_to_json(job_) : packed_->job_json;
  return ok();
}

void GuestPlace::keep_inputs(const RunDirectory& directory) {
  const Activity keeping("keeping the inputs for replays");
  const fs::path& dir = directory.path();
  auto keep = [&]() -> Status {
    const ObjectStore objects(environment_.state_dir);
    KTSTR_TRY(objects.keep(packed_->files_sha256, packed_->files, dir));
    if (!packed_->scheduler_files.empty())
      KTSTR_TRY(objects.keep(packed_->scheduler_files_sha256, packed_->scheduler_files, dir));
    KTSTR_TRY(objects.keep(packed_->initramfs_sha256, packed_->initramfs, dir));
    return write_atomically(dir / kRequestFile, as_byte_span(request_to_json(request_, record_, job_json_, *packed_)));
  };
  if (const Status kept = keep(); !kept)
    log_warn("this run cannot be replayed: {}", kept.error().message());
  else
    record_.replay_command = "ktstr replay " + directory.id();
}

Result<GuestOutcome> GuestPlace::start_guest(const Deliveries& deliveries, const GuestIo& io) {
  if (request_.cold || !qemu_.can_save_machines()) return run_guest(spec_, deliveries, io);
  WarmCache cache = warm_cache(environment_);
  WarmKeys keys;
  KTSTR_TRY_ASSIGN(keys.booted, warm_key_for(spec_, kernel_, qemu_, *packed_, largest(deliveries)));
  if (deliveries.size() > 1) {
    keys.attached = keys.booted;
    keys.attached->scheduler = request_.scheduler;
    const std::string identity = packed_->scheduler_files_sha256 + std::string(as_text(deliveries[0].rest));
    keys.attached->scheduler_sha256 = sha256(as_byte_span(identity));
  }
  WarmStart start;
  auto outcome = run_warm_guest(spec_, cache, keys, deliveries, io, start);
  record_.warm_image = start.image;
  return outcome;
}

Result<RunEnd> GuestPlace::run_body(const RunDirectory& directory, const std::function<Status(const Record&)>& take) {
  LongerArchive scheduler;
  Deliveries deliveries;
  if (!packed_->scheduler_files.empty()) {
    KTSTR_TRY_ASSIGN(scheduler, make_scheduler_delivery(*packed_, request_, job_.limits.attach));
    deliveries.push_back({mailbox::DeliveryKind::kScheduler, scheduler.front, scheduler.rest});
  }
  KTSTR_TRY_ASSIGN(const LongerArchive test, make_run_delivery(*packed_, job_json_));
  deliveries.push_back({mailbox::DeliveryKind::kRun, test.front, test.rest});
  KTSTR_TRY_ASSIGN(const TempDir files, put_initramfs(spec_, *packed_, largest(deliveries), environment_));
  const GuestIo io{.console_log = directory.path() / "console.log",
                   .on_record =
                       [&](const Record& record) {
                         return tracing_ && record.type == RecordType::kTracing ? tracing_->take(record) : take(record);
                       },
                   .interrupted = interrupted,
                   .pause = request_.pause.get()};
  RunEnd end;
  if (tracing_) KTSTR_TRY(tracing_->open(directory.path()));
  if (recorder_) recorder_->store(directory.path() / kTraceFileName, kernel_.release);
  KTSTR_TRY_ASSIGN(end.guest, start_guest(deliveries, io));
  if (recorder_ && !recorder_->why_no_holds().empty())
    return fail(ErrorCode::kInvalidArgument, "no CPU could be held: {}", recorder_->why_no_holds())
        .with_hint("the schedule is of another scheduler or kernel, or of another build of it");
  if (tracing_)
    if (const Status stored = tracing_->finish(directory.path() / kTraceFileName, kernel_.release); !stored)
      log_warn("{}", stored.error().render());
  if (recorder_)
    for (const std::string& why : recorder_->not_placed())
      end.notes.push_back(
          {.verdict = Verdict::kPass, .kind = DetailKind::kNote, .message = "nothing is seen of the probe " + why});
  return end;
}

void GuestPlace::remember_trace(const std::string& why_no_events) {
  record_.why_no_trace = why_no_recorder_.empty() ? why_no_events : why_no_recorder_;
  if (tracing_) {
    record_.why_no_trace = tracing_->why_not_all();
    record_.trace_events = tracing_->events();
    record_.trace_lost = tracing_->lost();
    record_.trace_source = kTracefs;
  }
  if (recorder_) {
    record_.trace_source = kOfPlugin;
    record_.trace_events = recorder_->events();
    if (record_.trace_events == 0 && record_.why_no_trace.empty())
      record_.why_no_trace = "the guest did not come to where it begins";
    if (const Status stored = recorder_->finish(); !stored) log_warn("{}", stored.error().render());
  }
  if (!record_.why_no_trace.empty()) log_info("not everything was recorded: {}", record_.why_no_trace);
}

void GuestPlace::remember(const GuestOutcome& guest, const GuestStory& story) {
  remember_trace(guest.why_no_events);
  record_.end_of_guest = to_string(guest.end);
  for (const auto& start : guest.phases)
    record_.phases.push_back({std::string(to_string(start.phase)), start.guest_ns, start.host_seconds});
  record_.console_tail = guest.console_tail;
  record_.vcpus = vcpus_seen(guest.vcpus, kernel_.vmlinux);
  if (spec_.turns) record_.vcpu_instructions = guest.turns.instructions;
  record_.idle_guarded = guest.idle.guarded;
  if (!spec_.plugin.empty() && !guest.idle.guarded)
    log_info("the plugin found no place in this QEMU for its guard: on an overloaded host a run may not repeat");
  record_.idle_jumps = guest.idle.jumps;
  record_.idle_refused = guest.idle.refused;
  if (story.quantum && !job_.settings.turn)
    record_.turn_ns = story.quantum->quantum_ns / static_cast<std::uint64_t>(request_.settings.topology.cpus());
}

}  // namespace

std::unique_ptr<Place> place_in_guest(const RunRequest& request, const RunnerEnvironment& environment,
                                      RunRecord& record) {
  return std::make_unique<GuestPlace>(request, environment, record);
}

}  // namespace ktstr
