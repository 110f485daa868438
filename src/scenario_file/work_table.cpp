// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/work_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <variant>

#include "scenario/plan/definition_rules.h"
#include "scenario/plan/worker_attributes.h"
#include "scenario_file/policy_reader.h"
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
  auto text = parameter_text(entry.value, list_joint(type, entry.key));
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

// One function a type of values, of which the row's rule is still to be asked. A mistake leaves the default.
template <typename Number>
void read_attribute(TableReader& reader, const WorkerAttribute& row, std::optional<Number>& into) {
  const auto value = reader.integer(row.key(), row.form.accepted);
  if (!value) return;
  const Status valid = row.form.in_range(row.key(), *value);
  reader.mistake(row.key(), valid);
  if (valid) into = static_cast<Number>(*value);
}
void read_attribute(TableReader& reader, const WorkerAttribute& row, std::optional<std::string>& into) {
  into = reader.text(row.key(), row.form.accepted);
}
void read_attribute(TableReader& reader, const WorkerAttribute& row, std::optional<std::chrono::nanoseconds>& into) {
  into = reader.duration(row.key());
}
void read_attribute(TableReader& reader, const WorkerAttribute& row, SchedPolicy& into) {
  if (const auto policy = read_policy(reader, row.key())) into = *policy;
}
void read_attribute(TableReader& reader, const WorkerAttribute& row, AffinityIntent& into) {
  const auto text = reader.text(row.key(), row.form.accepted);
  if (!text) return;
  auto affinity = AffinityIntent::parse(*text);
  if (affinity)
    into = *std::move(affinity);
  else
    reader.mistake(row.key(), Status(affinity.error()));
}
void read_attribute(TableReader& reader, const WorkerAttribute& row, MemPolicy& into) {
  if (auto policy = read_mem_policy(reader, row.key())) into = *std::move(policy);
}

void check_clamps(TableReader& reader, WorkSpec& spec) {
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

void read_attributes(TableReader& reader, WorkSpec& shared, WorkSpec& own) {
  for (const WorkerAttribute& row : worker_attributes()) {
    WorkSpec& spec = row.share != nullptr ? shared : own;
    const auto read = [&](auto* value) {
      const auto before = *value;
      read_attribute(reader, row, *value);
      const Status valid = row.rule(spec);
      reader.mistake(row.key(), valid);
      if (!valid) *value = before;
    };
    std::visit(read, row.place(spec));
  }
  check_clamps(reader, own);
}

WorkSpec read_work_table(const TomlValue& table, std::string_view name, Mistakes& mistakes) {
  TableReader reader(table, name, mistakes);
  WorkSpec spec;
  const bool said = read_worker_count(reader, 1, spec);
  read_attributes(reader, spec, spec);
  spec.type = read_type(reader, table);
  if (const Status valid = check_beside(spec); !valid) {
    mistakes.add(table.at, fmt::format("{}: {}", name, in_one_line(valid.error())));
    spec.type = {};
  }
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

}  // namespace ktstr
