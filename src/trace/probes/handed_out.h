// SPDX-License-Identifier: Apache-2.0
//
// Names for memory that a kernel allocates while it runs: values of BPF maps that do not lie side by side (hash maps,
// storages of tasks and cgroups), by the functions that look them up, and tasks.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kernel/btf.h"
#include "kernel/kallsyms.h"
#include "probe_page.h"
#include "trace/event_kinds.h"

namespace ktstr {

// A BPF map whose values lie anywhere.
struct ScatteredMap {
  std::uint64_t address = 0;  // of its struct bpf_map
  std::uint32_t number = 0;   // DataSeen::number, to which its members have been given
  std::string name;
  std::uint64_t value_bytes = 0;
  std::uint64_t value_offset = 0;  // in what holds a value, where a lookup gives that
};

// What the memory of all tasks is called.
inline constexpr std::string_view kNameOfTasks = "task_struct";

// What the probes of HandedOut see; only for that, so that it is not stored.
constexpr TraceKind kHandedOut{0xfff0};

class HandedOut {
 public:
  HandedOut() = default;
  HandedOut(const KernelSymbols& symbols, const Btf& btf);

  const std::vector<control::Probe>& probes() const { return probes_; }
  const std::vector<control::ExitProbe>& ends() const { return ends_; }

  // The names of what is there: of these maps, and these tasks (addresses of their struct task_struct). As events.
  std::vector<TraceEvent> begin(std::uint64_t time_ns, std::vector<ScatteredMap> maps,
                                std::span<const std::uint64_t> tasks);
  // Of each event of kHandedOut, in their order: DataSeen where something is handed out that was not known there.
  // Mostly nothing.
  std::vector<TraceEvent> follow(const TraceEvent& event);

 private:
  struct Wanted {
    std::uint64_t function = 0;
    std::uint64_t map = 0;
  };
  std::vector<TraceEvent> named(std::uint64_t time_ns, std::uint64_t start, std::uint64_t bytes, std::uint32_t number,
                                std::string_view name);
  std::vector<TraceEvent> task_at(std::uint64_t time_ns, std::uint64_t address);

  std::vector<control::Probe> probes_;
  std::vector<control::ExitProbe> ends_;
  std::uint64_t task_bytes_ = 0;
  std::vector<trace::MemberSeen> members_of_tasks_;
  std::map<std::uint64_t, ScatteredMap> maps_;               // by their addresses
  std::map<std::uint16_t, std::vector<Wanted>> wanted_;      // by each CPU; the last one first to be handed out
  std::unordered_map<std::uint64_t, std::uint32_t> handed_;  // what was at an address: DataSeen::number
};

}  // namespace ktstr
