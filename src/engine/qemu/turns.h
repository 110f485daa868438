// SPDX-License-Identifier: Apache-2.0
//
// How the vCPUs of a det guest take turns: ktstr-turns.so, a plugin in QEMU (plugin/), ends each turn after a number of
// instructions, as the control page says. See docs/decisions/0009-turns-by-a-plugin.md. And it guards the clock of an
// idle guest, with or without turns: docs/decisions/0010-idle-clocks.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/address_range.h"
#include "base/file.h"
#include "base/result.h"
#include "ktstr/topology.h"
#include "ktstr/turn_policy.h"

namespace ktstr {

struct TurnSettings {
  std::uint32_t turn = 0;                    // instructions of one vCPU at full speed, kLeastTurn to kLongestTurn
  std::uint64_t phase_seed = 0;              // where in its first turn each vCPU begins
  std::vector<std::uint32_t> speed;          // percent, of each vCPU; empty: all have their full speed
  TurnPolicy policy = TurnPolicy::kEven;     // not kMix
  std::uint64_t policy_seed = 0;             // what it decides by
  std::uint32_t most_away = 0;               // instructions of others for which it may keep a vCPU from going on
  std::chrono::nanoseconds policy_lasts{0};  // in guest time, from the beginning of turns on
};

inline constexpr const char* kTurnsPluginName = "ktstr-turns.so";
inline constexpr std::uint32_t kLeastTurn = 100, kLongestTurn = 10'000'000;

// 2^shift ns an instruction: by how many vCPUs share them.
int default_shift(const Topology& topology);
// The largest shift with which each vCPU has so many million instructions a guest second while all are busy.
// kInvalidArgument when even shift 0, 1000 of them for all, is too slow.
Result<int> shift_for_mips(const Topology& topology, double mips);
// What one vCPU executes while all are busy, in million instructions a guest second.
double mips_of(int shift, int cpus);

// 0 with one vCPU, which has nobody to hand over to.
std::uint32_t default_turn(const Topology& topology);
// What a seed makes of it: 80 to 120 percent.
std::uint32_t varied_turn(std::uint32_t nominal, std::uint64_t handover_seed);
// Lets a policy other than kMix decide about these turns, of a scenario that lasts so long.
void follow_policy(TurnSettings& turns, TurnPolicy policy, std::uint64_t handover_seed, const Topology& topology,
                   int shift, std::chrono::nanoseconds duration);

// What the plugin counted since the turns began.
struct TurnCounts {
  std::uint64_t turns = 0;
  std::vector<std::uint64_t> instructions;  // of each vCPU
};

// How the clock went on while all vCPUs were idle, since QEMU's start.
struct IdleCounts {
  bool guarded = false;       // whatever the host's load, it went on by the same
  std::uint64_t jumps = 0;    // to the next timer
  std::uint64_t refused = 0;  // that QEMU would have made too early, by the host's load
};

// The control page of one machine.
class ControlFile {
 public:
  // kUnsupported for more vCPUs than a page has room for.
  static Result<ControlFile> create(const std::filesystem::path& file, const Topology& topology,
                                    const AddressRange& kernel_code = {});

  // While the guest stands still. The first call begins turns; later ones only change speeds.
  void order(const TurnSettings& settings);
  // At any time.
  TurnCounts counts() const;
  IdleCounts idle() const;
  // Whether the plugin has marked the kernel's code as code, all at once.
  bool code_marked() const;
  const std::filesystem::path& path() const { return path_; }

 private:
  ControlFile(std::filesystem::path path, Mapping mapping, int vcpus)
      : path_(std::move(path)), mapping_(std::move(mapping)), vcpus_(vcpus) {}
  std::filesystem::path path_;
  Mapping mapping_;
  int vcpus_;
};

// What a QEMU can do with the plugin, beside ending turns.
struct PluginSkills {
  std::string why_unguarded;  // why it cannot guard the clock of an idle guest; "" where it can
  std::string why_no_probes;  // why it cannot look at the guest's kernel; "" where it can
  std::string why_even;       // why it has no policies of turns; "" where it has
};
// Whether this QEMU can end turns with this plugin: starts it to ask, and remembers the answer in the file `answers`
// until one of the two files changes. kUnsupported, kNotFound: why it cannot.
Result<PluginSkills> check_turns_plugin(const std::filesystem::path& qemu, const std::filesystem::path& plugin,
                                        const std::filesystem::path& answers);

}  // namespace ktstr
