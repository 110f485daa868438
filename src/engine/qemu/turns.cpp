// SPDX-License-Identifier: Apache-2.0
#include "engine/qemu/turns.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "base/activity.h"
#include "base/log.h"
#include "base/splitmix.h"
#include "base/system/file_stamp.h"
#include "base/system/process.h"
#include "control_page.h"
#include "engine/qemu/command_line.h"

namespace ktstr {

namespace {

static_assert(kLeastTurn >= control::kLeastTurn && kLongestTurn <= control::kLongestTurn);

using control::PolicyKind;
static_assert(static_cast<int>(TurnPolicy::kEven) == static_cast<int>(PolicyKind::kEven) &&
              static_cast<int>(TurnPolicy::kUniform) == static_cast<int>(PolicyKind::kUniform) &&
              static_cast<int>(TurnPolicy::kBursts) == static_cast<int>(PolicyKind::kBursts) &&
              static_cast<int>(TurnPolicy::kVictim) == static_cast<int>(PolicyKind::kVictim) &&
              static_cast<int>(TurnPolicy::kPct) == static_cast<int>(PolicyKind::kPct) &&
              static_cast<int>(TurnPolicy::kPos) == static_cast<int>(PolicyKind::kPos));

// Far below what anybody takes for a stall: the least limit of a check is that of max_slice, 200 ms.
constexpr std::chrono::microseconds kMostAway{800};

constexpr std::chrono::seconds kProbeLimit{20};
constexpr Bytes kLongestAnswer = 64 << 10;
constexpr std::string_view kPrefix = "ktstr-turns ";

control::Page& control_page_in(const Mapping& mapping) { return *reinterpret_cast<control::Page*>(mapping.data()); }

Result<PluginSkills> understood(const std::string& said) {
  const std::string line = said.substr(0, said.find('\n'));
  if (!line.starts_with(kPrefix))
    return fail(ErrorCode::kUnsupported, "QEMU does not take the plugin: {}", line.empty() ? "it says nothing" : line);
  if (line.find(" ends turns with ") == std::string::npos)
    return fail(ErrorCode::kUnsupported, "QEMU cannot end turns: {}", line.substr(kPrefix.size()));
  // Three more abilities, each after a comma.
  const auto comma = line.find(", "), second = line.find(", ", comma + 1), third = line.find(", ", second + 1);
  if (comma == line.npos || second == line.npos || third == line.npos)
    return fail(ErrorCode::kUnsupported, "the plugin's answer is not understood: {}", line);
  const std::string guard = line.substr(comma + 2, second - comma - 2);
  const std::string probes = line.substr(second + 2, third - second - 2), policies = line.substr(third + 2);
  return PluginSkills{.why_unguarded = guard == "guards idle clocks" ? "" : guard,
                      .why_no_probes = probes == "takes probes" ? "" : probes,
                      .why_even = policies == "has policies" ? "" : policies};
}

Result<std::string> ask(const fs::path& qemu, const fs::path& plugin) {
  Subprocess::Options options;
  options.argv = {
      qemu.string(), "-accel", "tcg",         "-machine", "none",
      "-display",    "none",   "-nodefaults", "-plugin",  "file=" + option_value(plugin.string()) + ",probe=on"};
  options.end_whole_group = true;
  const Activity asking("asking " + qemu.string() + " whether it takes the plugin for turns");
  KTSTR_TRY_ASSIGN(const CapturedOutput output, run_captured(options, kProbeLimit));
  return output.out.starts_with(kPrefix) ? output.out : output.err;
}

}  // namespace

int default_shift(const Topology& topology) {
  const int cpus = topology.cpus();
  if (cpus <= 4) return 3;
  return cpus <= 8 ? 2 : 0;
}

double mips_of(int shift, int cpus) { return 1000.0 / static_cast<double>(1 << shift) / cpus; }

Result<int> shift_for_mips(const Topology& topology, double mips) {
  for (int shift = 10; shift >= 0; --shift)
    if (mips_of(shift, topology.cpus()) >= mips) return shift;
  return fail(ErrorCode::kInvalidArgument, "{} million instructions a second for each of {} CPUs; at most {:.1f}", mips,
              topology.cpus(), mips_of(0, topology.cpus()))
      .with_hint("a guest second has at most 1000 million instructions, which all CPUs share");
}

std::uint32_t default_turn(const Topology& topology) {
  const int cpus = topology.cpus();
  if (cpus < 2) return 0;
  if (cpus < 4) return 1000;  // many short runs with other seeds look for races there
  if (cpus == 4) return 3125;
  return cpus <= 8 ? 2000 : 1000;
}

std::uint32_t varied_turn(std::uint32_t nominal, std::uint64_t handover_seed) {
  // Not the number that phases come from.
  const std::uint64_t choice = splitmix64(handover_seed ^ name_hash("length"));
  const std::uint32_t spread = nominal / 5;
  return nominal - spread + static_cast<std::uint32_t>(pick_up_to(choice, std::uint64_t{2} * spread));
}

void follow_policy(TurnSettings& turns, TurnPolicy policy, std::uint64_t handover_seed, const Topology& topology,
                   int shift, std::chrono::nanoseconds duration) {
  const auto of_time = static_cast<std::uint64_t>(std::chrono::nanoseconds(kMostAway).count()) >> shift;
  // With many CPUs or long turns a few rounds take longer than that.
  const std::uint64_t of_rounds = std::uint64_t{2} * turns.turn * static_cast<std::uint64_t>(topology.cpus());
  turns.policy = policy;
  turns.policy_seed = splitmix64(handover_seed ^ name_hash("policy"));
  turns.most_away = static_cast<std::uint32_t>(std::min<std::uint64_t>(std::max(of_time, of_rounds), INT32_MAX));
  turns.policy_lasts = duration / 4 * 3;
}

Result<ControlFile> ControlFile::create(const fs::path& file, const Topology& topology,
                                        const AddressRange& kernel_code) {
  const int vcpus = topology.cpus();
  if (vcpus > static_cast<int>(control::kMostVcpus))
    return fail(ErrorCode::kUnsupported, "{} vCPUs; a control page has room for {}", vcpus, control::kMostVcpus);
  KTSTR_TRY(write_text(file, std::string(control::kPageBytes, '\0')));
  KTSTR_TRY_ASSIGN(const Fd fd, open_file(file, O_RDWR));
  KTSTR_TRY_ASSIGN(Mapping mapping, Mapping::map(fd, 0, control::kPageBytes, true));
  auto* const page = new (mapping.data()) control::Page{};
  page->magic = control::kMagic;
  page->version = control::kVersion;
  page->vcpus = static_cast<std::uint32_t>(vcpus);
  page->code_start = kernel_code.start;
  page->code_bytes = kernel_code.bytes;
  return ControlFile(file, std::move(mapping), vcpus);
}

void ControlFile::order(const TurnSettings& settings) {
  control::Page& page = control_page_in(mapping_);
  page.turn = settings.turn;
  page.phase_seed = settings.phase_seed;
  page.policy = static_cast<std::uint32_t>(settings.policy);
  page.policy_seed = settings.policy_seed;
  page.most_away = settings.most_away;
  page.policy_ns = static_cast<std::uint64_t>(settings.policy_lasts.count());
  for (std::size_t vcpu = 0; vcpu < static_cast<std::size_t>(vcpus_); ++vcpu)
    page.speed[vcpu] = vcpu < settings.speed.size() ? settings.speed[vcpu] : control::kFullSpeed;
  __atomic_store_n(&page.orders, page.orders + 1, __ATOMIC_RELEASE);
}

TurnCounts ControlFile::counts() const {
  const control::Page& page = control_page_in(mapping_);
  TurnCounts counts{.turns = __atomic_load_n(&page.turns, __ATOMIC_RELAXED), .instructions = {}};
  for (std::size_t vcpu = 0; vcpu < static_cast<std::size_t>(vcpus_); ++vcpu)
    counts.instructions.push_back(__atomic_load_n(&page.instructions[vcpu], __ATOMIC_RELAXED));
  return counts;
}

IdleCounts ControlFile::idle() const {
  const control::Page& page = control_page_in(mapping_);
  return {.guarded = __atomic_load_n(&page.idle_guarded, __ATOMIC_RELAXED) != 0,
          .jumps = __atomic_load_n(&page.idle_jumps, __ATOMIC_RELAXED),
          .refused = __atomic_load_n(&page.idle_refused, __ATOMIC_RELAXED)};
}

bool ControlFile::code_marked() const {
  return __atomic_load_n(&control_page_in(mapping_).code_marked, __ATOMIC_RELAXED) != 0;
}

Result<PluginSkills> check_turns_plugin(const fs::path& qemu, const fs::path& plugin, const fs::path& answers) {
  std::error_code error;
  if (!fs::is_regular_file(plugin, error))
    return fail(ErrorCode::kNotFound, "{} is not there", plugin.empty() ? "ktstr-turns.so" : plugin.string());
  const std::string of_qemu = identity_of_program(qemu);
  const std::string identity = of_qemu.empty() ? "" : of_qemu + identity_of_program(plugin);
  if (const auto known = read_text(answers, kLongestAnswer); !identity.empty() && known && known->starts_with(identity))
    return understood(known->substr(identity.size()));
  KTSTR_TRY_ASSIGN(const std::string said, ask(qemu, plugin).context("the plugin for turns"));
  if (!identity.empty()) {
    fs::create_directories(answers.parent_path(), error);
    if (const Status kept = write_atomically(answers, as_byte_span(identity + said)); !kept)
      log_info("QEMU will be asked about the plugin again: {}", kept.error().message());
  }
  return understood(said);
}

}  // namespace ktstr
