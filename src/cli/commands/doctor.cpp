// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/doctor.h"

#include <unistd.h>

#include <charconv>
#include <optional>

#include "base/system/process.h"
#include "engine/guest.h"
#include "engine/qemu/mode.h"
#include "engine/qemu/turns.h"
#include "kernel/select.h"
#include "ktstr/test.h"
#include "wire/mailbox.h"

namespace ktstr::cli {

namespace {

using namespace ktstr::literals;

constexpr int kLeastClang = 16;           // BPF CPU v3 and the kfunc attributes that sched_ext schedulers use
constexpr int kNewestClang = 24;          // the newest name that is tried
constexpr Bytes kDeliverySlack = 64_MiB;  // agent, scheduler and libraries, beside the guest's memory

Need qemu(const RunnerEnvironment& environment) {
  Need need{.name = "qemu",
            .remedy = "install QEMU 8.1 or newer (Debian: apt install qemu-system-x86), or set KTSTR_QEMU"};
  const auto info = find_qemu(environment.qemu);
  if (!info) {
    need.found = info.error().message();
    return need;
  }
  need.found = fmt::format("{} {}", info->path.string(), info->version);
  need.met = info->quantum_is_safe();
  if (!need.met) need.found += " is too old: det mode needs 8.1";
  return need;
}

Need turns(const RunnerEnvironment& environment) {
  Need need{.name = "turns",
            .optional = true,
            .remedy =
                "use a QEMU with TCG plugins that exports cpu_exit and current_cpu, as Debian's does, and "
                "ktstr-turns.so beside ktstr or in ../libexec/ktstr; without them a timer in the guest ends turns, "
                "which are unequal and cost more"};
  const auto info = find_qemu(environment.qemu);
  if (!info) {
    need.found = "no QEMU to ask";
    return need;
  }
  const auto takes = check_turns_plugin(info->path, environment.turns_plugin, environment.cache_dir / "turns-plugin");
  need.met = takes.has_value();
  need.found = takes ? environment.turns_plugin.string() + " ends turns with cpu_exit" : takes.error().message();
  if (takes) need.found += takes->why_unguarded.empty() ? ", guards idle clocks" : ", " + takes->why_unguarded;
  if (takes) need.found += takes->why_no_probes.empty() ? ", records the kernel" : ", " + takes->why_no_probes;
  if (need.met && !environment.why_no_turns.empty()) need.found += ", but " + environment.why_no_turns;
  return need;
}

Need kvm() {
  const KvmProbe probe = probe_kvm();
  return {.name = "kvm",
          .optional = true,
          .met = probe.usable,
          .found = probe.usable ? "runs guests" : probe.why,
          .remedy = "none needed: runs use det mode; for kvm mode load kvm_intel or kvm_amd and join the group kvm"};
}

Need kernel(const RunnerEnvironment& environment) {
  Need need{.name = "kernel",
            .remedy = "the first run fetches one with sched_ext, 'ktstr kernel fetch' does now; or set KTSTR_KERNEL"};
  KernelEnvironment kernels;
  kernels.cache_root = environment.cache_dir / "kernels";
  kernels.ktstr_kernel = environment.kernel;
  const auto image = select_kernel(kernels);
  if (!image) {
    need.found = image.error().message();
    return need;
  }
  need.met = image->has_sched_ext;
  need.found = image->release + (need.met         ? " with sched_ext"
                                 : image->has_btf ? " has no sched_ext"
                                                  : " has no BTF, and so no sched_ext");
  return need;
}

Need ram(const RunnerEnvironment& environment) {
  const auto smallest = Topology::parse(kDefaultTopology);
  const Bytes wanted = (smallest ? memory_by_rule(*smallest) : 256_MiB) + kDeliverySlack;
  Need need{.name = "guest-memory",
            .remedy = "make room in, or enlarge, that file system (mount -o remount,size=2G), or set KTSTR_RAM_DIR"};
  const auto free = free_space(environment.ram_dir);
  if (!free) {
    need.found = free.error().message();
    return need;
  }
  need.met = *free >= wanted;
  need.found = fmt::format("{} free in {}, the smallest guest takes {}", format_bytes(*free),
                           environment.ram_dir.string(), format_bytes(wanted));
  need.optional = !environment.ram_fallback.empty();  // runs are then only slower
  return need;
}

Need agent(const RunnerEnvironment& environment) {
  std::error_code ignored;
  const bool met = fs::is_regular_file(environment.agent, ignored) && ::access(environment.agent.c_str(), X_OK) == 0;
  const std::string path = environment.agent.empty() ? "ktstr-agent" : environment.agent.string();
  return {.name = "agent",
          .met = met,
          .found = met ? path : path + " is not there",
          .remedy = "build or install all of ktstr: ktstr-agent belongs beside ktstr or into ../libexec/ktstr"};
}

// The N of "clang version N.M"; 0 when it is no clang.
int clang_version(const std::string& program) {
  const auto output = run_captured({.argv = {program, "--version"}}, std::chrono::seconds(20));
  if (!output || !output->status.success()) return 0;
  constexpr std::string_view kMark = "clang version ";
  const std::size_t at = output->out.find(kMark);
  int version = 0;
  if (at != std::string::npos)
    std::from_chars(output->out.data() + at + kMark.size(), output->out.data() + output->out.size(), version);
  return version;
}

Need clang() {
  Need need{.name = "clang",
            .optional = true,
            .found = "no clang in PATH",
            .remedy = "only for building BPF schedulers: install clang 16 or newer (Debian: apt install clang)"};
  std::vector<std::string> names = {"clang"};
  for (int version = kNewestClang; version >= kLeastClang; --version) names.push_back(fmt::format("clang-{}", version));
  for (const std::string& name : names) {
    const auto program = find_program(name);
    if (!program) continue;
    const int version = clang_version(program->string());
    need.met = version >= kLeastClang;
    need.found = fmt::format("{}, version {}", program->string(), version);
    if (need.met) return need;
  }
  return need;
}

// A directory that is not there yet is as good as the nearest one above it.
Need writable(std::string name, const fs::path& directory, std::string_view variable) {
  fs::path existing = directory;
  std::error_code ignored;
  while (!existing.empty() && existing != existing.parent_path() && !fs::exists(existing, ignored))
    existing = existing.parent_path();
  const bool met = fs::is_directory(existing, ignored) && ::access(existing.c_str(), W_OK | X_OK) == 0;
  return {.name = std::move(name),
          .met = met,
          .found = directory.string() + (met ? " can be written" : " cannot be written"),
          .remedy = fmt::format("give yourself write permission for {}, or set {}", existing.string(), variable)};
}

}  // namespace

std::vector<Need> examine_machine(const RunnerEnvironment& environment) {
  return {qemu(environment),
          turns(environment),
          kernel(environment),
          agent(environment),
          ram(environment),
          writable("cache", environment.cache_dir, "XDG_CACHE_HOME"),
          writable("state", environment.state_dir, "XDG_STATE_HOME"),
          kvm(),
          clang()};
}

}  // namespace ktstr::cli
