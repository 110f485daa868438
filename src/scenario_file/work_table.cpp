// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/work_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "scenario/plan/definition_rules.h"
#include "scenario_file/policy_reader.h"
#include "workload/task/task_times.h"
#include "workload/types/work_types.h"

namespace ktstr {

namespace {

using Kind = TomlValue::Kind;

constexpr std::string_view kWhereTypesAre = "'ktstr work list' shows all there are";

bool check_type_name(const TomlValue& value, Mistakes& mistakes) {
  for (const std::string_view name : work_type_names())
    if (name == value.text) return true;
  mistakes.add(value.at, fmt::format("unknown work type '{}';{} {}", value.text,
                                     did_you_mean(value.text, work_type_names()), kWhereTypesAre));
  return false;
}

// An array's parts are joined, as work types write their lists; those of arrays within by '+'.
std::optional<std::string> parameter_text(const TomlValue& value, char joint) {
  if (value.kind == Kind::kString) return value.text;
  if (value.kind == Kind::kInteger) return std::to_string(value.integer);
  if (value.kind == Kind::kBoolean) return value.boolean ? "true" : "false";
  if (value.kind != Kind::kArray) return {};
  std::string all;
  for (const TomlValue& item : value.items) {
    const auto text = parameter_text(item, '+');
    if (!text) return {};
    if (!all.empty()) all += joint;
    all += *text;
  }
  return all;
}

// Empty with a mistake. `reader` has been asked for all keys that are no parameters, of which `name` is one.
std::optional<std::string> read_parameter(const TomlEntry& entry, const std::string& type, const TableReader& reader,
                                          Mistakes& mistakes) {
  const auto text = parameter_text(entry.value, list_joint(type, entry.key));
  // One at a time, so that each mistake has its place.
  const auto alone = make_work_type(type, {{entry.key, text.value_or("")}});
  if (text && alone) return text;
  if (text)
    mistakes.add(entry.at,
                 alone.error().message() +
                     (closest(entry.key, reader.accepted()) ? ";" + did_you_mean(entry.key, reader.accepted()) : ""));
  else
    mistakes.add(entry.value.at,
                 fmt::format("{}: {} is {}; accepted: a time like \"5ms\", a name, a whole number, true "
                             "or false, or a list of these",
                             type, entry.key, kind_text(entry.value.kind)));
  return {};
}

// The type of a table; every key that `reader` was not asked for before is a parameter.
WorkType read_type(TableReader& reader, const TomlValue& table) {
  Mistakes& mistakes = reader.mistakes();
  const TomlValue* name = reader.find("type");
  if (name == nullptr || name->kind != Kind::kString) {
    mistakes.add(name != nullptr ? name->at : table.at, fmt::format("work needs a 'type'; {}", kWhereTypesAre));
    return {};
  }
  if (!check_type_name(*name, mistakes)) return {};
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const TomlEntry& entry : table.entries) {
    const auto& others = reader.accepted();
    if (std::find(others.begin(), others.end(), entry.key) != others.end()) continue;
    if (const auto text = read_parameter(entry, name->text, reader, mistakes))
      parameters.emplace_back(entry.key, *text);
  }
  return make_work_type(name->text, parameters).value_or(WorkType());
}

// A range-checked whole number; empty when it is not there or a mistake.
std::optional<int> read_nice(TableReader& reader) {
  const auto value = reader.integer("nice", "a whole number like -5");
  if (!value) return {};
  const Status valid = check_nice(*value);
  reader.mistake("nice", valid);
  return valid ? std::optional(static_cast<int>(*value)) : std::nullopt;
}

std::optional<std::string> read_comm(TableReader& reader, std::string_view key) {
  auto comm = reader.text(key, "a text like \"worker\"");
  if (!comm) return {};
  const Status valid = check_comm(*comm, key);
  reader.mistake(key, valid);
  return valid ? comm : std::nullopt;
}

// 2^32 - 1 is "no change" to the system calls: setresuid(2).
std::optional<std::uint32_t> read_id(TableReader& reader, std::string_view key) {
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max() - 1;
  const auto value = reader.integer(key, "a whole number like 1000");
  if (!value) return {};
  if (*value >= 0 && *value <= kMost) return static_cast<std::uint32_t>(*value);
  reader.mistake(key, fmt::format("{} {} is not valid; accepted: 0 to {}", key, *value, kMost));
  return {};
}

std::optional<NumaNode> read_node(TableReader& reader) {
  constexpr int kMost = 1023;  // MAX_NUMNODES of the largest kernel configuration, include/linux/numa.h
  const auto value = reader.integer("numa_node", "a node's number like 0");
  if (!value) return {};
  if (*value >= 0 && *value <= kMost) return static_cast<NumaNode>(*value);
  reader.mistake("numa_node", fmt::format("numa_node {} is not valid; accepted: 0 to {}", *value, kMost));
  return {};
}

std::optional<int> read_clamp(TableReader& reader, std::string_view key) {
  const auto value = reader.integer(key, "a whole number like 512");
  if (!value) return {};
  if (*value >= 0 && *value <= kMaxUclamp) return static_cast<int>(*value);
  reader.mistake(key, fmt::format("{} {} is not valid; accepted: 0 to {}", key, *value, kMaxUclamp));
  return {};
}

template <typename Check>
std::optional<std::chrono::nanoseconds> read_time(TableReader& reader, std::string_view key, Check check) {
  const auto time = reader.duration(key);
  const Status valid = check(time);
  reader.mistake(key, valid);
  return valid ? time : std::nullopt;
}

void read_clamps(TableReader& reader, WorkSpec& spec) {
  spec.uclamp_min = read_clamp(reader, "task_uclamp_min");
  spec.uclamp_max = read_clamp(reader, "task_uclamp_max");
  if (spec.uclamp_min.value_or(0) <= spec.uclamp_max.value_or(kMaxUclamp)) return;
  reader.mistake("task_uclamp_max", fmt::format("task_uclamp_max {} is below task_uclamp_min {}; accepted: {} to {}",
                                                *spec.uclamp_max, *spec.uclamp_min, *spec.uclamp_min, kMaxUclamp));
  spec.uclamp_min = spec.uclamp_max = std::nullopt;
}

}  // namespace

bool read_worker_count(TableReader& reader, int least, WorkSpec& spec) {
  const auto count = reader.integer("workers", "a whole number like 2");
  const auto pct = reader.number("workers_pct", "a number of workers a CPU, like 1.0 or 0.5");
  if (reader.has("workers") && reader.has("workers_pct")) {
    reader.mistake("workers_pct", "'workers_pct' beside 'workers'; accepted: one of them");
    return true;
  }
  if (count && (*count < least || *count > kMaxWorkers))
    reader.mistake("workers", least == 0
                                  ? fmt::format("{} workers are not valid; accepted: 0 to {}, 0 for an empty cgroup",
                                                *count, kMaxWorkers)
                                  : check_workers(*count).error().message());
  else if (count)
    spec.workers = static_cast<int>(*count);
  if (pct) {
    const Status valid = check_workers_pct(*pct);
    reader.mistake("workers_pct", valid);
    if (valid) spec.workers_pct = pct;
  }
  return reader.has("workers") || reader.has("workers_pct");
}

void read_shared_attributes(TableReader& reader, WorkSpec& spec) {
  spec.nice = read_nice(reader);
  spec.comm = read_comm(reader, "comm");
  spec.pcomm = read_comm(reader, "pcomm");
  spec.uid = read_id(reader, "uid");
  spec.gid = read_id(reader, "gid");
  spec.numa_node = read_node(reader);
}

void read_own_attributes(TableReader& reader, WorkSpec& spec) {
  if (const auto policy = read_policy(reader, "policy")) spec.policy = *policy;
  if (const auto text = reader.text("affinity", "a text like \"random:2\"")) {
    auto affinity = AffinityIntent::parse(*text);
    const Status valid = affinity ? affinity->validate() : Status(affinity.error());
    reader.mistake("affinity", valid);
    if (valid) spec.affinity = *std::move(affinity);
  }
  if (auto policy = read_mem_policy(reader, "mem_policy")) spec.mem_policy = *std::move(policy);
  read_clamps(reader, spec);
  spec.slice = read_time(reader, "slice", [&](const auto& slice) { return check_slice(slice, spec.policy); });
  spec.timer_slack = read_time(reader, "timer_slack", check_timer_slack);
}

WorkSpec read_work_table(const TomlValue& table, std::string_view name, Mistakes& mistakes) {
  TableReader reader(table, name, mistakes);
  WorkSpec spec;
  const bool said = read_worker_count(reader, 1, spec);
  read_shared_attributes(reader, spec);
  read_own_attributes(reader, spec);
  spec.type = read_type(reader, table);
  if (!said) spec.workers = fitting_workers(spec.type, 1);
  return spec;
}

std::optional<WorkType> read_work_type(TableReader& reader, std::string_view key) {
  const TomlValue* value = reader.find(key);
  if (value == nullptr) return {};
  if (value->kind == Kind::kTable) {
    TableReader work(*value, key, reader.mistakes());
    return read_type(work, *value);
  }
  if (value->kind != Kind::kString) {
    reader.refuse_kind(key, *value, kAcceptedWork);
    return {};
  }
  if (!check_type_name(*value, reader.mistakes())) return {};
  return make_work_type(value->text, {}).value_or(WorkType());
}

const std::vector<std::string_view>& own_attribute_keys() {
  static const std::vector<std::string_view> keys = {"policy",          "affinity", "mem_policy", "task_uclamp_min",
                                                     "task_uclamp_max", "slice",    "timer_slack"};
  return keys;
}

}  // namespace ktstr
