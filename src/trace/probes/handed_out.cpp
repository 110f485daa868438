// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/handed_out.h"

#include <optional>
#include <string_view>

#include "trace/events.h"
#include "trace/probes/data_members.h"
#include "trace/probes/function_ends.h"
#include "trace/probes/probe_parts.h"

namespace ktstr {

namespace {

using namespace probe_parts;

// Of a kHandedOut event: where it was seen, and then the function's number. kBegins has the map, kTask the task, kEnds
// what is handed out and where the function goes on (control::Register::kLeft).
enum class Seen : std::uint64_t { kBegins, kEnds, kTask };
constexpr std::size_t kWhere = 0, kFunction = 1, kWhat = 2, kLeft = 3;

struct LookupFunction {
  std::string_view name;
  bool gives_element = false;  // that holds the value (struct htab_elem), not the value
};
// Each has the map in its first argument.
constexpr LookupFunction kLookups[] = {
    {"bpf_task_storage_get"}, {"bpf_task_storage_get_recur"}, {"bpf_cgrp_storage_get"},
    {"htab_map_lookup_elem"}, {"htab_lru_map_lookup_elem"},   {"__htab_map_lookup_elem", true},
};
// Where the last one may go on.
constexpr std::string_view kGoesOn = "lookup_nulls_elem_raw";
constexpr std::string_view kNewTask = "wake_up_new_task";

constexpr std::uint32_t kNumberOfTasks = 900'000;  // DataSeen::number; those of maps are below, of variables above
constexpr std::size_t kMostWanted = 16, kMostHandedOut = 100'000;
constexpr std::uint64_t kMostMembersOfTask = 10'000;

control::Probe seen(std::uint64_t address, Seen where, std::uint64_t function) {
  control::Probe probe{};
  probe.address = address;
  probe.kind = static_cast<std::uint32_t>(kHandedOut);
  add(probe, constant(static_cast<std::uint64_t>(where)));
  add(probe, constant(function));
  return probe;
}

}  // namespace

HandedOut::HandedOut(const KernelSymbols& symbols, const Btf& btf) {
  const auto place = [&](std::string_view name, std::uint64_t function, std::optional<Seen> begins, bool ends) {
    const auto symbol = symbols.find(name);
    if (!symbol || std::string_view("tTwW").find(symbol->type) == std::string_view::npos) return;
    if (begins) {
      control::Probe probe = seen(symbol->address, *begins, function);
      add(probe, from_register(control::Register::kRdi, 0, 1, control::kAll));
      probes_.push_back(probe);
    }
    if (!ends) return;
    control::Probe probe = seen(symbol->address, Seen::kEnds, function);
    add(probe, from_register(control::Register::kRax, 0, 1, control::kAll));
    add(probe, from_register(control::Register::kLeft, 0, 1, control::kAll));
    for (const control::ExitProbe& end : ends_of(symbols, *symbol, probe)) ends_.push_back(end);
  };
  for (std::size_t i = 0; i < std::size(kLookups); ++i) place(kLookups[i].name, i, Seen::kBegins, true);
  place(kGoesOn, std::size(kLookups), std::nullopt, true);
  const auto task = btf.find_struct(kNameOfTasks);
  if (!task) return;
  place(kNewTask, 0, Seen::kTask, false);
  task_bytes_ = task->size;
  std::uint64_t budget = kMostMembersOfTask;
  members_of_tasks_ = members_in(btf, task->id, kNumberOfTasks, budget);
}

std::vector<TraceEvent> HandedOut::begin(std::uint64_t time_ns, std::vector<ScatteredMap> maps,
                                         std::span<const std::uint64_t> tasks) {
  std::vector<TraceEvent> events;
  for (const trace::MemberSeen& member : members_of_tasks_) events.push_back(make_event(time_ns, 0, member));
  for (const std::uint64_t task : tasks)
    for (const TraceEvent& event : task_at(time_ns, task)) events.push_back(event);
  for (ScatteredMap& map : maps) maps_.insert_or_assign(map.address, std::move(map));
  return events;
}

std::vector<TraceEvent> HandedOut::follow(const TraceEvent& event) {
  const auto where = Seen{event.values[kWhere]};
  const std::uint64_t function = event.values[kFunction], what = event.values[kWhat];
  if (where == Seen::kTask) return task_at(event.time_ns, what);
  std::vector<Wanted>& wanted = wanted_[event.cpu];
  if (where == Seen::kBegins) {
    if (wanted.size() == kMostWanted) wanted.erase(wanted.begin());
    wanted.push_back({function, what});
    return {};
  }
  // Else the end of a function whose beginning was not seen.
  if (wanted.empty() || wanted.back().function != function) return {};
  if (event.values[kLeft] != 0) {
    wanted.back().function = std::size(kLookups);
    return {};
  }
  const std::uint64_t map = wanted.back().map;
  wanted.pop_back();
  const auto known = maps_.find(map);
  if (what == 0 || known == maps_.end()) return {};
  const ScatteredMap& of = known->second;
  // What goes on elsewhere gives elements.
  const bool element = function == std::size(kLookups) || kLookups[function].gives_element;
  return named(event.time_ns, what + (element ? of.value_offset : 0), of.value_bytes, of.number, of.name);
}

std::vector<TraceEvent> HandedOut::task_at(std::uint64_t time_ns, std::uint64_t address) {
  return named(time_ns, address, task_bytes_, kNumberOfTasks, kNameOfTasks);
}

std::vector<TraceEvent> HandedOut::named(std::uint64_t time_ns, std::uint64_t start, std::uint64_t bytes,
                                         std::uint32_t number, std::string_view name) {
  const auto known = handed_.find(start);
  if (known != handed_.end() ? known->second == number : handed_.size() == kMostHandedOut) return {};
  handed_[start] = number;
  trace::DataSeen seen{.number = number, .start = start, .bytes = bytes, .element = bytes, .name = {}};
  put_text(name, seen.name);
  return {make_event(time_ns, 0, seen)};
}

}  // namespace ktstr
