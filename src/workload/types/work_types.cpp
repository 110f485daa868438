// SPDX-License-Identifier: Apache-2.0
#include "workload/types/work_types.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text/duration.h"
#include "workload/types/burst.h"
#include "workload/types/pairs.h"
#include "workload/types/spin.h"

namespace ktstr {

namespace {

// How a parameter's value is read, written and judged.
Status read_value(std::string_view text, std::uint32_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return ok();
  return fail(ErrorCode::kInvalidArgument, "'{}' is not a number from 1 to {}", text, UINT32_MAX);
}
Status read_value(std::string_view text, std::chrono::nanoseconds& value) {
  KTSTR_TRY_ASSIGN(value, parse_duration(text));
  return ok();
}
std::string show_value(std::uint32_t value) { return fmt::format("{}", value); }
std::string show_value(std::chrono::nanoseconds value) { return format_duration(value); }
bool is_possible(std::uint32_t value) { return value > 0; }
// An hour is beyond any scenario, and keeps sums of times far from overflow.
bool is_possible(std::chrono::nanoseconds value) { return value.count() > 0 && value <= std::chrono::hours(1); }
constexpr const char* rule_for(std::uint32_t) { return "at least 1"; }
constexpr const char* rule_for(std::chrono::nanoseconds) { return "longer than 0 and at most an hour"; }

struct Parameter {
  std::string_view name;
  Status (*read)(std::string_view text, WorkType& type);
  std::string (*show)(const WorkType& type);
  bool (*possible)(const WorkType& type);
  const char* rule;
};

template <typename Type, typename Value, Value Type::*Member>
constexpr Parameter parameter(std::string_view name) {
  return {.name = name,
          .read = [](std::string_view text, WorkType& type) { return read_value(text, std::get<Type>(type).*Member); },
          .show = [](const WorkType& type) { return show_value(std::get<Type>(type).*Member); },
          .possible = [](const WorkType& type) { return is_possible(std::get<Type>(type).*Member); },
          .rule = rule_for(Value{})};
}

struct Row {
  std::string_view name;
  WorkType (*make)();
  void (*run)(const WorkType& type, WorkerRun& run);
  std::vector<Parameter> parameters;
  GroupSize (*size)(const WorkType& type) = [](const WorkType&) { return GroupSize{}; };
  Status (*prepare)(const WorkType& type, GroupResources& shared) = [](const WorkType&, GroupResources&) {
    return ok();
  };
};

template <typename Type, void (*Loop)(const Type&, WorkerRun&)>
Row row(std::string_view name, std::vector<Parameter> parameters = {}) {
  return {.name = name,
          .make = [] { return WorkType(Type{}); },
          .run = [](const WorkType& type, WorkerRun& run) { Loop(std::get<Type>(type), run); },
          .parameters = std::move(parameters)};
}

template <typename Type>
constexpr GroupSize in_pairs(const Type&) {
  return {.multiple_of = 2};
}

// Of a type whose workers share something.
template <typename Type, void (*Loop)(const Type&, WorkerRun&), Status (*Prepare)(const Type&, GroupResources&),
          GroupSize (*Size)(const Type&)>
Row group_row(std::string_view name, std::vector<Parameter> parameters = {}) {
  Row made = row<Type, Loop>(name, std::move(parameters));
  made.size = [](const WorkType& type) { return Size(std::get<Type>(type)); };
  made.prepare = [](const WorkType& type, GroupResources& shared) { return Prepare(std::get<Type>(type), shared); };
  return made;
}

// In the order of the variant's alternatives.
using Table = std::array<Row, std::variant_size_v<WorkType>>;
const Table& table() {
  using std::chrono::nanoseconds;
  static const Table rows = {
      row<SpinWait, run_spin_wait>("SpinWait"),
      row<YieldHeavy, run_yield_heavy>("YieldHeavy"),
      row<Mixed, run_mixed>("Mixed", {parameter<Mixed, std::uint32_t, &Mixed::spins>("spins")}),
      row<Bursty, run_bursty>("Bursty", {parameter<Bursty, nanoseconds, &Bursty::burst>("burst"),
                                         parameter<Bursty, nanoseconds, &Bursty::sleep>("sleep")}),
      group_row<PipeIo, run_pipe_io, prepare_pipe_io, in_pairs>(
          "PipeIo", {parameter<PipeIo, std::uint32_t, &PipeIo::burst_iters>("burst_iters")}),
      group_row<FutexPingPong, run_futex_ping_pong, prepare_futex_ping_pong, in_pairs>(
          "FutexPingPong", {parameter<FutexPingPong, std::uint32_t, &FutexPingPong::spin_iters>("spin_iters")}),
  };
  return rows;
}

const Row& row_of(const WorkType& type) { return table()[type.index()]; }

template <typename List>
std::string joined_names(const List& list) {
  std::string text;
  for (const auto& item : list) text += (text.empty() ? "" : ", ") + std::string(item.name);
  return text;
}

}  // namespace

std::string_view name_of(const WorkType& type) { return row_of(type).name; }

std::string describe(const WorkType& type) {
  std::string values;
  for (const Parameter& each : row_of(type).parameters)
    values += fmt::format("{}{}={}", values.empty() ? "" : ", ", each.name, each.show(type));
  return std::string(name_of(type)) + (values.empty() ? "" : "(" + values + ")");
}

std::vector<std::string_view> work_type_names() {
  std::vector<std::string_view> names;
  for (const Row& each : table()) names.push_back(each.name);
  return names;
}

Status check_work_type(const WorkType& type) {
  for (const Parameter& each : row_of(type).parameters)
    if (!each.possible(type))
      return fail(ErrorCode::kInvalidArgument, "{}: {} is {}, must be {}", name_of(type), each.name, each.show(type),
                  each.rule);
  return ok();
}

Status check_group_size(const WorkType& type, int workers) {
  return row_of(type).size(type).check(workers, name_of(type));
}

Status prepare_work(const WorkType& type, GroupResources& shared) { return row_of(type).prepare(type, shared); }

Result<WorkType> make_work_type(std::string_view name,
                                const std::vector<std::pair<std::string, std::string>>& parameters) {
  const auto found = std::find_if(table().begin(), table().end(), [&](const Row& each) { return each.name == name; });
  if (found == table().end())
    return fail(ErrorCode::kInvalidArgument, "there is no work type '{}'; there are {}", name, joined_names(table()));
  WorkType type = found->make();
  for (const auto& [key, value] : parameters) {
    const auto known = std::find_if(found->parameters.begin(), found->parameters.end(),
                                    [&, &wanted = key](const Parameter& each) { return each.name == wanted; });
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
