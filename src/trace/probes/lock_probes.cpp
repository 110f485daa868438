// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/lock_probes.h"

#include <optional>
#include <string_view>

#include "trace/event_kinds.h"
#include "trace/probes/function_ends.h"
#include "trace/probes/probe_parts.h"

namespace ktstr {

namespace {

using namespace probe_parts;
using trace::LockUse;

struct LockFunction {
  std::string_view name;
  std::uint32_t change;  // at its end; kReleased: at its beginning
};
// Each has the address of the lock in its first argument. raw_spin_rq_lock_nested() and the like call these.
constexpr LockFunction kLockFunctions[] = {
    {"_raw_spin_lock", LockUse::kTaken},
    {"_raw_spin_lock_irq", LockUse::kTaken},
    {"_raw_spin_lock_irqsave", LockUse::kTaken},
    {"_raw_spin_lock_irq_disable", LockUse::kTaken},
    {"_raw_spin_lock_bh", LockUse::kTaken},
    {"_raw_spin_trylock", LockUse::kTakenUnlessZero},
    {"_raw_spin_trylock_bh", LockUse::kTakenUnlessZero},
    {"bpf_spin_lock", LockUse::kTaken},
    {"bpf_res_spin_lock", LockUse::kTakenIfZero},
    {"bpf_res_spin_lock_irqsave", LockUse::kTakenIfZero},
    {"_raw_spin_unlock", LockUse::kReleased},
    {"_raw_spin_unlock_irq", LockUse::kReleased},
    {"_raw_spin_unlock_irqrestore", LockUse::kReleased},
    {"_raw_spin_unlock_irq_enable", LockUse::kReleased},
    {"_raw_spin_unlock_bh", LockUse::kReleased},
    {"bpf_spin_unlock", LockUse::kReleased},
    {"bpf_res_spin_unlock", LockUse::kReleased},
    {"bpf_res_spin_unlock_irqrestore", LockUse::kReleased},
};

// Where some of those go on to where the lock is held by another CPU, so that these return for them.
constexpr std::string_view kWaits[] = {"native_queued_spin_lock_slowpath", "__pv_queued_spin_lock_slowpath"};

bool is_function(const std::optional<Symbol>& symbol) {
  return symbol && std::string_view("tTwW").find(symbol->type) != std::string_view::npos;
}

// LockUse: which function, what, of which lock.
control::Probe begun(std::uint64_t address, std::uint64_t number, std::uint32_t change) {
  control::Probe probe{};
  probe.address = address;
  probe.kind = static_cast<std::uint32_t>(LockUse::kKind);
  add(probe, constant(number));
  add(probe, constant(change));
  return probe;
}

void add_ends(const KernelSymbols& symbols, const Symbol& function, std::uint64_t number, std::uint32_t change,
              LockProbes& made) {
  control::Probe ends = begun(function.address, number, change);
  add(ends, from_register(control::Register::kRax, 0, 1, 4));  // an int, or nothing
  add(ends, from_register(control::Register::kLeft, 0, 1, control::kAll));
  for (const control::ExitProbe& end : ends_of(symbols, function, ends)) made.ends.push_back(end);
}

}  // namespace

LockProbes lock_probes(const KernelSymbols& symbols) {
  LockProbes made;
  std::uint64_t number = 0;
  for (const LockFunction& one : kLockFunctions) {
    ++number;
    const auto function = symbols.find(one.name);
    if (!is_function(function)) continue;
    const bool releases = one.change == LockUse::kReleased;
    control::Probe begins = begun(function->address, number, releases ? LockUse::kReleased : LockUse::kWanted);
    add(begins, from_register(control::Register::kRdi, 0, 1, control::kAll));
    made.probes.push_back(begins);
    if (releases) continue;
    add_ends(symbols, *function, number, one.change, made);
  }
  for (const std::string_view name : kWaits) {
    ++number;
    const auto function = symbols.find(name);
    if (is_function(function)) add_ends(symbols, *function, number, LockUse::kTaken, made);
  }
  made.thunks = return_thunks(symbols);
  return made;
}

}  // namespace ktstr
