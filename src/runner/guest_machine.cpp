// SPDX-License-Identifier: Apache-2.0
#include "runner/guest_machine.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "engine/machine.h"
#include "engine/qemu/late_cpus.h"
#include "engine/qemu/mode.h"
#include "engine/warm/warm_guest.h"
#include "kernel/code_range.h"
#include "kernel/config.h"
#include "runner/package_guest.h"

namespace ktstr {

namespace {

constexpr int kUsualShift = 3;
constexpr Bytes kLeastMemoryPerCpu = Bytes{64} << 20;

// Below the usual shift an instruction gives less guest time. Turns below 20 us cost the host more than what runs in
// them (measured, 4 busy CPUs: 100 us 0.5 guest seconds a host second, 20 us 0.2, 5 us 0.07, 1 us 0.03).
double pace_of(int shift, std::optional<std::chrono::nanoseconds> quantum) {
  constexpr double kCheapTurnNs = 20'000;
  const double by_shift = std::ldexp(1.0, shift - kUsualShift);
  const double by_quantum = quantum ? static_cast<double>(quantum->count()) / kCheapTurnNs : 1.0;
  return std::min(1.0, by_shift) * std::min(1.0, by_quantum);
}

// Why guest memory cannot go there; "" if it can.
std::string obstacle(const fs::path& directory, Bytes needed) {
  const auto free = free_space(directory);
  if (!free) return free.error().message();
  if (::access(directory.c_str(), W_OK | X_OK) != 0)
    return fail_errno("cannot write to {}", directory.string()).message();
  if (*free >= needed) return "";
  return fmt::format("{} has no room for {} of guest memory", directory.string(), format_bytes(needed));
}

Status check_ram_dir(const fs::path& directory) {
  struct stat info {};
  Error error(ErrorCode::kUnsupported, "");
  if (::stat(directory.c_str(), &info) != 0)
    error = fail_errno("no directory for guest memory: {}", directory.string());
  else if (!S_ISDIR(info.st_mode))
    error = fail(ErrorCode::kUnsupported, "no directory for guest memory: {} is not a directory", directory.string());
  else if (::access(directory.c_str(), W_OK | X_OK) != 0)
    error = fail_errno("cannot write guest memory into {}", directory.string());
  else
    return ok();
  return error.with_hint(
      "$KTSTR_RAM_DIR names the directory, /dev/shm if unset: one that you may write to, on a tmpfs");
}

// Where nothing has room the first choice stays: its error says what to do.
fs::path choose_ram_dir(const RunnerEnvironment& environment, Bytes needed) {
  const fs::path& disk = environment.ram_fallback;
  const std::string why = disk.empty() ? "" : obstacle(environment.ram_dir, needed);
  if (why.empty()) return environment.ram_dir;
  std::error_code error;
  fs::create_directories(disk, error);
  if (error || !obstacle(disk, needed).empty()) return environment.ram_dir;
  static std::atomic<bool> said = false;
  if (!said.exchange(true))
    log_warn(
        "{}: it goes to disk, into {}, which is slower; make the first usable (for room: mount -o remount,size=...), "
        "or "
        "point $KTSTR_RAM_DIR at another tmpfs",
        why, disk.string());
  return disk;
}

}  // namespace

Result<GuestSpec> guest_spec(const RunRequest& request, const RunnerEnvironment& environment) {
  KTSTR_TRY(request.settings.topology.validate());
  if (request.settings.memory != 0 &&
      request.settings.memory < kLeastMemoryPerCpu * static_cast<Bytes>(request.settings.topology.cpus()))
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("{} of memory is too little for {} CPUs", format_bytes(request.settings.memory),
                             request.settings.topology.cpus()))
        .with_hint("give at least 64 MiB a CPU, or leave it out");
  GuestSpec spec;
  KTSTR_TRY_ASSIGN(spec.mode, resolve_mode(request.mode));
  spec.topology = request.settings.topology;
  spec.icount_shift = request.settings.icount_shift.value_or(default_shift(request.settings.topology));
  if (request.settings.cpu_mips > 0 && !request.settings.icount_shift) {
    KTSTR_TRY_ASSIGN(spec.icount_shift, shift_for_mips(request.settings.topology, request.settings.cpu_mips));
  }
  if (spec.icount_shift < 0 || spec.icount_shift > 10)
    return fail(ErrorCode::kInvalidArgument, "an instruction-count shift of {}; accepted: 0 to 10", spec.icount_shift);
  spec.memory = request.settings.memory != 0 ? request.settings.memory : memory_by_rule(request.settings.topology);
  spec.limits = limits_for(request.settings.duration);
  spec.duration = request.settings.duration;
  spec.host_limit_scale = request.host_limit_scale;
  if (spec.mode == Mode::kDet) spec.pace = pace_of(spec.icount_shift, request.settings.quantum);
  spec.kernel_arguments = request.kernel_arguments;
  spec.ram_dir = environment.ram_dir;
  return spec;
}

Result<KernelImage> kernel_for(const RunRequest& request, const RunnerEnvironment& environment) {
  const KernelEnvironment kernels{.cache_root = environment.cache_dir / "kernels", .ktstr_kernel = environment.kernel};
  return select_kernel(kernels, request.kernel);
}

Result<QemuInfo> complete_spec(GuestSpec& spec, const KernelImage& kernel, const RunnerEnvironment& environment) {
  KTSTR_TRY_ASSIGN(QemuInfo qemu, find_qemu(environment.qemu, environment.cache_dir / "qemu-version"));
  spec.qemu = qemu.path.string();
  spec.kernel = kernel.vmlinux;
  if (spec.mode == Mode::kDet) spec.kernel_code = code_range_of(kernel.vmlinux);
  // The others come with a second QEMU, which continues what the first has saved.
  spec.late_cpus = spec.mode == Mode::kDet && spec.topology.cpus() > kMostCpusAtOnce && qemu.can_save_machines();
  if (spec.late_cpus) spec.kernel_hz = timer_hz(kernel.vmlinux).value_or(0);
  return qemu;
}

namespace {

// What only the plugin can do; "" for nothing of it.
std::string needs_plugin(const RunSettings& settings) {
  if (!settings.cpu_speeds.empty()) return "CPUs with speeds of their own";
  return settings.policy == TurnPolicy::kEven
             ? ""
             : fmt::format("hand-overs by the policy '{}'", to_string(settings.policy));
}

}  // namespace

Result<TurnChoice> choose_turns(const RunRequest& request, const RunnerEnvironment& environment, const QemuInfo& qemu,
                                int shift) {
  TurnChoice choice;
  const std::uint32_t turn = request.settings.turn.value_or(default_turn(request.settings.topology));
  const std::string needs = needs_plugin(request.settings);
  if (turn == 0 && !needs.empty())
    return fail(ErrorCode::kInvalidArgument, "{} mean nothing on a machine with one CPU", needs);
  const bool asked_for = request.settings.turn.has_value();
  if (request.settings.quantum && !asked_for)
    choice.why_quantum = "--quantum asks for it";
  else if (!asked_for)
    choice.why_quantum = environment.why_no_turns;
  if (!choice.why_quantum.empty() && !needs.empty())
    return fail(ErrorCode::kUnsupported, "{} need turns by the plugin: {}", needs, choice.why_quantum);
  choice.wanted = !choice.why_quantum.empty();
  if (choice.wanted) {
    choice.why_unguarded = choice.why_quantum;
    if (turn == 0) choice.why_quantum.clear();
    return choice;
  }
  const auto skills = check_turns_plugin(qemu.path, environment.turns_plugin, environment.cache_dir / "turns-plugin");
  if (!skills) {
    choice.why_unguarded = skills.error().message();
    if (turn == 0) return choice;
    choice.why_quantum = choice.why_unguarded;
    if (!asked_for && needs.empty()) return choice;
    return fail(ErrorCode::kUnsupported, "{}: {}", needs.empty() ? "turns of so many instructions" : needs,
                choice.why_quantum)
        .with_hint("`ktstr doctor` says what is missing");
  }
  KTSTR_TRY_ASSIGN(const ByteVector plugin, read_bytes(environment.turns_plugin));
  choice.plugin = environment.turns_plugin;
  choice.plugin_sha256 = sha256(plugin);
  choice.why_unguarded = skills->why_unguarded;
  choice.why_no_probes = skills->why_no_probes;
  if (turn == 0) return choice;
  choice.turn = turn;
  const std::uint64_t handover = seed_for(Vary::kHandover, request.settings.vary, request.settings.seed);
  choice.settings = TurnSettings{
      .turn = std::clamp(varied_turn(turn, handover), kLeastTurn, kLongestTurn), .phase_seed = handover, .speed = {}};
  choice.policy = chosen_policy(request.settings.policy, handover);
  if (choice.policy != TurnPolicy::kEven) {
    if (!skills->why_even.empty()) return fail(ErrorCode::kUnsupported, "{}: QEMU {}", needs, skills->why_even);
    follow_policy(*choice.settings, choice.policy, handover, request.settings.topology, shift,
                  request.settings.duration);
  }
  const bool unequal = !request.settings.cpu_speeds.empty();
  if (unequal) choice.settings->speed.assign(static_cast<std::size_t>(request.settings.topology.cpus()), kFullCpuSpeed);
  for (const CpuSpeed& speed : request.settings.cpu_speeds) {
    KTSTR_TRY(check_cpu_speed(speed, request.settings.topology.cpus()));
    for (const Cpu cpu : speed.cpus)
      choice.settings->speed[static_cast<std::size_t>(cpu)] = static_cast<std::uint32_t>(speed.percent);
  }
  return choice;
}

Result<TempDir> put_initramfs(GuestSpec& spec, const PackedInputs& packed, Bytes delivery,
                              const RunnerEnvironment& environment) {
  for (const fs::path& directory : {environment.ram_dir, environment.ram_fallback})
    if (!directory.empty()) remove_guest_leftovers(directory);
  spec.ram_dir = choose_ram_dir(environment, memory_layout(spec, delivery).total() + packed.initramfs.size());
  KTSTR_TRY(check_ram_dir(spec.ram_dir));
  KTSTR_TRY_ASSIGN(TempDir files, TempDir::create(spec.ram_dir, "ktstr-vm"));
  spec.initramfs = files.path() / "initramfs";
  KTSTR_TRY(
      write_atomically(spec.initramfs, packed.initramfs).context("write the initramfs to " + spec.ram_dir.string()));
  return files;
}

Result<WarmKey> warm_key_for(const GuestSpec& spec, const KernelImage& kernel, const QemuInfo& qemu,
                             const PackedInputs& packed, Bytes delivery) {
  KTSTR_TRY_ASSIGN(WarmKey key,
                   warm_key(spec, memory_layout(spec, delivery), kernel.sha256, packed.initramfs_sha256, qemu.version));
  key.kernel = kernel.release;
  return key;
}

WarmCache warm_cache(const RunnerEnvironment& environment) {
  return WarmCache(environment.cache_dir / "warm", environment.warm_limit);
}

Result<PreparedImage> prepare_image(const RunRequest& request, const RunnerEnvironment& environment) {
  const Nanoseconds start = monotonic_now();
  KTSTR_TRY_ASSIGN(GuestSpec spec, guest_spec(request, environment));
  KTSTR_TRY_ASSIGN(const KernelImage kernel, kernel_for(request, environment));
  KTSTR_TRY_ASSIGN(const QemuInfo qemu, complete_spec(spec, kernel, environment));
  if (!qemu.can_save_machines())
    return fail(ErrorCode::kUnsupported, "QEMU {} cannot save machines to files", qemu.version)
        .with_hint("install QEMU 8.2 or later (bookworm-backports); runs boot for themselves until then");
  if (spec.mode == Mode::kDet) {
    KTSTR_TRY_ASSIGN(const TurnChoice choice, choose_turns(request, environment, qemu, spec.icount_shift));
    spec.plugin = choice.plugin;
  }
  PackedInputs packed;
  KTSTR_TRY(pack_initramfs(environment.agent, packed));
  constexpr Bytes kUsualDelivery = 0;  // a mailbox of the smallest size
  KTSTR_TRY_ASSIGN(const WarmKey key, warm_key_for(spec, kernel, qemu, packed, kUsualDelivery));
  KTSTR_TRY_ASSIGN(const TempDir files, put_initramfs(spec, packed, kUsualDelivery, environment));
  WarmCache cache = warm_cache(environment);
  std::optional<WarmBuild::Failure> failed;
  auto lease = lease_booted_image(spec, cache, key, kUsualDelivery, interrupted, failed);
  if (failed && failed->outcome.end == GuestEnd::kInterrupted) return fail(ErrorCode::kCancelled, "interrupted");
  if (failed)
    return fail(ErrorCode::kGuestLost, "{} with {} does not boot: {}", key.topology, key.kernel,
                failed->outcome.message)
        .with_hint("`ktstr run FILE --cold` with this machine shows its console");
  if (!lease) return std::move(lease).error();
  return PreparedImage{.key = key,
                       .built = lease->built,
                       .bytes = lease->image.bytes(),
                       .boot_seconds = lease->image.boot_seconds(),
                       .seconds = to_seconds(monotonic_now() - start)};
}

}  // namespace ktstr
