// SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0
//
// The control page: a file that the host and the plugin in QEMU both map. The host says in it how vCPUs take turns; the
// plugin says what it did. Both are programs of one build for one machine, so there is no byte order to agree on.
//
// The host writes its half before QEMU starts, or while the guest stands still at a doorbell, and then counts
// `orders` up: the plugin takes them before the next block of guest code. So an order takes effect at one fixed
// instruction of a run. The plugin's half may be read at any time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ktstr::control {

constexpr std::uint64_t kMagic = 0x31677063727473ULL;  // "strcpg1"
constexpr std::uint32_t kVersion = 4;
constexpr std::size_t kMostVcpus = 512;
constexpr std::uint32_t kLeastTurn = 10, kLongestTurn = 100'000'000;  // instructions
constexpr std::uint32_t kFullSpeed = 100;                             // percent

// Who hands over to whom and when (policy.h).
enum class PolicyKind : std::uint32_t { kEven, kUniform, kBursts, kVictim, kPct, kPos };

struct Page {
  std::uint64_t magic;
  std::uint32_t version;
  // Host -> plugin.
  std::uint32_t orders;             // 0: leave QEMU's own turns alone
  std::uint32_t turn;               // instructions of one vCPU at full speed
  std::uint32_t vcpus;              // how many there are
  std::uint64_t phase_seed;         // where in its first turn each vCPU begins
  std::uint32_t speed[kMostVcpus];  // percent of a full turn: 1 to 100
  std::uint64_t code_start;         // of the kernel's code, in its address space (code_pages.h)
  std::uint64_t code_bytes;         // 0: not known
  std::uint32_t policy;             // a PolicyKind
  std::uint32_t most_away;          // instructions of others for which it keeps a vCPU from going on
  std::uint64_t policy_seed;        // what it decides by
  std::uint64_t policy_ns;          // of guest time for which it acts, from the first orders on; then turns are even
  // Plugin -> host.
  std::uint64_t idle_guarded;  // 1: the clock of an idle guest does not depend on the host's load (idle_guard.h)
  std::uint64_t idle_jumps;    // that the main loop made with it
  std::uint64_t idle_refused;  // that it would have made too early
  std::uint64_t code_marked;   // 1: the kernel's code is marked as code, all at once
  std::uint64_t turns;         // that the plugin ended
  std::uint64_t instructions[kMostVcpus];  // of each vCPU since the first orders, by whole blocks
};
constexpr std::size_t kPageBytes = 8192;
static_assert(sizeof(Page) <= kPageBytes);

}  // namespace ktstr::control
