// SPDX-License-Identifier: Apache-2.0
#include "workload/types/work_types.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "workload/types/families.h"

namespace ktstr {

namespace {

// In the order of the variant's alternatives.
using Table = std::array<WorkTypeRow, std::variant_size_v<WorkType>>;

Table make_table() {
  Table table;
  for (const auto family : kFamilies)
    for (WorkTypeRow& row : family()) {
      const std::size_t number = row.make().index();
      table[number] = std::move(row);
    }
  return table;
}

const Table& table() {
  static const Table rows = make_table();
  return rows;
}

const WorkTypeRow& row_of(const WorkType& type) { return table()[type.index()]; }

template <typename List>
std::string joined_names(const List& list) {
  std::string text;
  for (const auto& item : list) text += (text.empty() ? "" : ", ") + std::string(item.name);
  return text;
}

// Values may be as long as a recording.
std::string shortened(std::string text) {
  constexpr std::size_t kMost = 100;
  if (text.size() <= kMost) return text;
  text.resize(kMost);
  return text.append("...");
}

bool is_possible(const WorkParameter& parameter, const WorkType& type) {
  return parameter.possible(type, parameter.least, parameter.most);
}

// Of one of its workers at least.
bool decides_policies(const WorkTypeRow& row, const WorkType& type) {
  if (row.policy == nullptr) return false;
  for (int i = 0; i < row.size(type).multiple_of; ++i)
    if (row.policy(type, static_cast<std::size_t>(i))) return true;
  return false;
}

}  // namespace

std::string_view name_of(const WorkType& type) { return row_of(type).name; }

std::string describe(const WorkType& type) {
  if (const auto own = row_of(type).describe; own != nullptr) return own(type);
  std::string values;
  for (const WorkParameter& each : row_of(type).parameters)
    values += fmt::format("{}{}={}", values.empty() ? "" : ", ", each.name, each.show(type));
  return std::string(name_of(type)) + (values.empty() ? "" : "(" + values + ")");
}

std::vector<std::string_view> work_type_names() {
  std::vector<std::string_view> names;
  for (const WorkTypeRow& each : table())
    if (!each.only_in_code) names.push_back(each.name);
  return names;
}

Status check_work_type(const WorkType& type) {
  for (const WorkParameter& each : row_of(type).parameters)
    if (!is_possible(each, type))
      return fail(ErrorCode::kInvalidArgument, "{}: {} is {}, must be {}", name_of(type), each.name,
                  shortened(each.show(type)), each.rule(each.least, each.most));
  return row_of(type).check(type);
}

Status check_group_size(const WorkType& type, int workers) {
  return row_of(type).size(type).check(workers, name_of(type));
}

int fitting_workers(const WorkType& type, int wanted) {
  const GroupSize size = row_of(type).size(type);
  const int least = std::max(wanted, size.at_least);
  return (least + size.multiple_of - 1) / size.multiple_of * size.multiple_of;
}

Status check_beside(const WorkSpec& spec) {
  const WorkTypeRow& row = row_of(spec.type);
  if (row.processes_only && spec.pcomm)
    return fail(ErrorCode::kInvalidArgument, "{} needs workers that are processes, not threads of '{}'", row.name,
                *spec.pcomm);
  if (spec.policy != SchedPolicy{} && decides_policies(row, spec.type))
    return fail(ErrorCode::kInvalidArgument, "{} decides its workers' policies itself; it cannot have {}", row.name,
                spec.policy.describe());
  return ok();
}

std::string_view work_role(const WorkType& type, std::size_t index) { return row_of(type).role(type, index); }

std::optional<SchedPolicy> work_policy(const WorkType& type, std::size_t index) {
  const WorkTypeRow& row = row_of(type);
  return row.policy == nullptr ? std::nullopt : row.policy(type, index);
}

std::optional<int> work_nice(const WorkType& type, std::size_t index) {
  const WorkTypeRow& row = row_of(type);
  return row.nice == nullptr ? std::nullopt : row.nice(type, index);
}

std::string work_comm(const WorkType& type, std::size_t index) {
  const WorkTypeRow& row = row_of(type);
  return row.comm == nullptr ? std::string() : row.comm(type, index);
}

char list_joint(std::string_view type, std::string_view parameter) {
  for (const WorkTypeRow& row : table())
    for (const WorkParameter& each : row.parameters)
      if (row.name == type && each.name == parameter) return each.joint;
  return '+';
}

std::string_view work_pressure(const WorkType& type) { return row_of(type).pressure; }
std::string_view work_measures(const WorkType& type) { return row_of(type).measures; }
std::string_view work_cost(const WorkType& type) { return row_of(type).cost; }

const std::vector<std::string_view>& work_modules(const WorkType& type) { return row_of(type).modules; }
const std::vector<std::string_view>& work_controllers(const WorkType& type) { return row_of(type).controllers; }

Status make_ready_for(const WorkType& type) { return row_of(type).ready(); }

std::vector<ShownParameter> shown_parameters(const WorkType& type) {
  std::vector<ShownParameter> all;
  for (const WorkParameter& each : row_of(type).parameters)
    all.push_back({each.name, each.show(type), each.rule(each.least, each.most)});
  return all;
}

bool moves_memory(const WorkType& type) { return row_of(type).moves_memory; }

const WorkMeasureNames& work_measure_names(const WorkType& type) { return row_of(type).measure_names; }

Status prepare_work(const WorkType& type, GroupResources& shared) {
  const WorkMeasureNames& names = work_measure_names(type);
  shared.add_measures(names.latencies.size(), names.counts.size());
  return row_of(type).prepare(type, shared);
}

Result<WorkType> make_work_type(std::string_view name,
                                const std::vector<std::pair<std::string, std::string>>& parameters) {
  const auto found =
      std::find_if(table().begin(), table().end(), [&](const WorkTypeRow& each) { return each.name == name; });
  if (found != table().end() && found->only_in_code)
    return fail(ErrorCode::kInvalidArgument, "{} is for tests in C++; a file cannot name it", name);
  if (found == table().end())
    return fail(ErrorCode::kInvalidArgument, "there is no work type '{}'; 'ktstr work list' shows all there are", name);
  WorkType type = found->make();
  for (const auto& [key, value] : parameters) {
    const auto known = std::find_if(found->parameters.begin(), found->parameters.end(),
                                    [&, &wanted = key](const WorkParameter& each) { return each.name == wanted; });
    if (known == found->parameters.end())
      return fail(ErrorCode::kInvalidArgument, "{} has no parameter '{}'; it takes {}", name, key,
                  found->parameters.empty() ? "none" : joined_names(found->parameters));
    KTSTR_TRY(known->read(value, type).context(fmt::format("{}: {}", name, key)));
  }
  KTSTR_TRY(check_work_type(type));
  return type;
}

Result<WorkType> work_type_from(std::string_view text) {
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos || !text.ends_with(')')) return make_work_type(text, {});
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string_view rest = text.substr(open + 1, text.size() - open - 2);
  while (!rest.empty()) {
    const std::string_view each = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(each.size() + 1, rest.size()));
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    const std::size_t equals = std::min(each.find('='), each.size());
    parameters.emplace_back(each.substr(0, equals), each.substr(std::min(equals + 1, each.size())));
  }
  return make_work_type(text.substr(0, open), parameters);
}

void run_work(const WorkType& type, WorkerRun& run) { row_of(type).run(type, run); }

}  // namespace ktstr
