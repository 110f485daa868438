// SPDX-License-Identifier: Apache-2.0
#include "scenario/cgroup_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "scenario/def_rules.h"
#include "workload/work_types.h"

namespace ktstr {

namespace {

constexpr std::string_view kAcceptedWork =
    "a work type like \"SpinWait\", or a table like { type = \"Bursty\", burst = \"5ms\" }";

std::string accepted_types() { return fmt::format("{}", fmt::join(work_type_names(), ", ")); }

// A range-checked whole number; empty when it is not there or a mistake.
std::optional<int> read_int(TableReader& reader, Mistakes& mistakes, std::string_view key, std::string_view accepted,
                            Status (*check)(std::int64_t)) {
  const auto value = reader.integer(key, accepted);
  if (!value) return {};
  if (const Status valid = check(*value); !valid) {
    mistakes.add(reader.at(key), valid.error().message());
    return {};
  }
  return static_cast<int>(*value);
}

// Workers and nice value: of a cgroup or of one of its work tables.
void read_group(TableReader& reader, Mistakes& mistakes, WorkSpec& spec) {
  if (const auto workers = read_int(reader, mistakes, "workers", "a whole number like 2", check_workers))
    spec.workers = *workers;
  if (const auto nice = read_int(reader, mistakes, "nice", "a whole number like -5", check_nice)) spec.nice = *nice;
}

bool check_type_name(const TomlValue& value, Mistakes& mistakes) {
  for (const std::string_view name : work_type_names())
    if (name == value.text) return true;
  const auto meant = closest(value.text, work_type_names());
  mistakes.add(value.at, fmt::format("unknown work type '{}';{} accepted: {}", value.text,
                                     meant ? fmt::format(" did you mean '{}'?", *meant) : "", accepted_types()));
  return false;
}

std::optional<std::string> parameter_text(const TomlValue& value) {
  if (value.kind == TomlValue::Kind::kString) return value.text;
  if (value.kind == TomlValue::Kind::kInteger) return std::to_string(value.integer);
  return {};
}

// `others` are the keys of the table that are no parameters.
WorkType read_type(const TomlValue& table, const std::vector<std::string_view>& others, Mistakes& mistakes) {
  const TomlValue* name = nullptr;
  for (const TomlEntry& entry : table.entries)
    if (entry.key == "type") name = &entry.value;
  if (name == nullptr || name->kind != TomlValue::Kind::kString) {
    mistakes.add(name != nullptr ? name->at : table.at,
                 fmt::format("work needs a 'type'; accepted: {}", accepted_types()));
    return {};
  }
  if (!check_type_name(*name, mistakes)) return {};
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const TomlEntry& entry : table.entries) {
    if (std::find(others.begin(), others.end(), entry.key) != others.end()) continue;
    const auto text = parameter_text(entry.value);
    // One at a time, so that each mistake has its place.
    const auto alone = make_work_type(name->text, {{entry.key, text.value_or("")}});
    if (text && alone)
      parameters.emplace_back(entry.key, *text);
    else
      mistakes.add(text ? entry.at : entry.value.at,
                   text ? alone.error().message()
                        : fmt::format("{}: {} is {}; accepted: a time like \"5ms\" or a whole number", name->text,
                                      entry.key, kind_text(entry.value.kind)));
  }
  return make_work_type(name->text, parameters).value_or(WorkType());
}

WorkSpec read_work_table(const TomlValue& table, Mistakes& mistakes) {
  TableReader reader(table, "[[cgroup.work]]", mistakes);
  WorkSpec spec;
  spec.type = read_type(table, {"type", "workers", "nice"}, mistakes);
  read_group(reader, mistakes, spec);
  return spec;
}

std::vector<WorkSpec> read_work_tables(const TomlValue& array, const TableReader& cgroup, Mistakes& mistakes) {
  for (const std::string_view key : {"workers", "nice"})
    if (cgroup.has(key))
      mistakes.add(cgroup.at(key), fmt::format("'{}' belongs into each [[cgroup.work]] table when there are any", key));
  if (array.items.empty()) mistakes.add(array.at, fmt::format("'work' is empty; accepted: {}", kAcceptedWork));
  std::vector<WorkSpec> specs;
  for (const TomlValue& item : array.items)
    if (item.kind == TomlValue::Kind::kTable)
      specs.push_back(read_work_table(item, mistakes));
    else
      mistakes.add(item.at, fmt::format("'work' holds {}; accepted: {}", kind_text(item.kind), kAcceptedWork));
  return specs;
}

// At least one group.
std::vector<WorkSpec> read_work(TableReader& reader, Mistakes& mistakes) {
  WorkSpec spec;
  read_group(reader, mistakes, spec);
  const TomlValue* work = reader.find("work");
  if (work == nullptr) return {spec};
  if (work->kind == TomlValue::Kind::kArray) {
    auto specs = read_work_tables(*work, reader, mistakes);
    if (specs.empty()) specs.push_back(spec);
    return specs;
  }
  if (work->kind == TomlValue::Kind::kTable) {
    spec.type = read_type(*work, {"type"}, mistakes);
  } else if (work->kind != TomlValue::Kind::kString) {
    reader.refuse_kind("work", *work, kAcceptedWork);
  } else if (check_type_name(*work, mistakes)) {
    spec.type = make_work_type(work->text, {}).value_or(WorkType());
  }
  return {spec};
}

std::optional<CpusetSpec> read_cpuset(TableReader& reader, Mistakes& mistakes) {
  const auto text = reader.text("cpuset", "a text like \"llc:0\"");
  if (!text) return {};
  auto spec = CpusetSpec::parse(*text);
  if (spec) return *std::move(spec);
  mistakes.add(reader.at("cpuset"), spec.error().message());
  return {};
}

CgroupDef make_def(const std::string& name, const std::vector<WorkSpec>& work) {
  CgroupDef def = CgroupDef::named(name);
  def.workers(work.front().workers).work_type(work.front().type);
  if (work.front().nice) def.nice(*work.front().nice);
  for (std::size_t i = 1; i < work.size(); ++i) def.work(work[i]);
  return def;
}

}  // namespace

std::optional<CgroupTable> read_cgroup_table(const TomlValue& table, Mistakes& mistakes) {
  TableReader reader(table, "[[cgroup]]", mistakes);
  const auto name = reader.text("name", "a text like \"cg_0\"");
  const auto work = read_work(reader, mistakes);
  const auto cpuset = read_cpuset(reader, mistakes);
  reader.finish();
  if (!name) {
    if (!reader.has("name")) mistakes.add(reader.at(), "a [[cgroup]] needs a 'name'");
    return {};
  }
  if (const Status valid = check_cgroup_path(*name); !valid) {
    mistakes.add(reader.at("name"), valid.error().message());
    return {};
  }
  CgroupTable read{make_def(*name, work), {}};
  if (cpuset) {
    read.def.cpuset(*cpuset);
    read.cpuset_at = reader.at("cpuset");
  }
  return read;
}

}  // namespace ktstr
