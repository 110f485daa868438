// SPDX-License-Identifier: Apache-2.0
//
// One work type's row, as the file of its family makes it: its name and parameters, how many workers it needs and which
// part each has, what they share, the loop, and what it is good for.
#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/result.h"
#include "base/text/duration.h"
#include "ktstr/work.h"
#include "ktstr/work_types.h"
#include "workload/types/work_types.h"
#include "workload/worker_run.h"

namespace ktstr {

// The texts of parameters that are one of several names; each is defined by its family.
EnumNames<AluWidth> names_of(AluWidth);
EnumNames<WakeClass> names_of(WakeClass);
EnumNames<WakeBy> names_of(WakeBy);
EnumNames<PiMode> names_of(PiMode);
EnumNames<WorkPhase::Kind> names_of(WorkPhase::Kind);
EnumNames<Arrivals> names_of(Arrivals);
EnumNames<ChildReap> names_of(ChildReap);

// For loops, whose times are plain numbers.
constexpr std::uint64_t count_ns(std::chrono::nanoseconds time) { return static_cast<std::uint64_t>(time.count()); }

// How a parameter's value is read, written and judged.
struct WorkParameter {
  std::string_view name;
  Status (*read)(std::string_view text, WorkType& type);
  std::string (*show)(const WorkType& type);
  // Whether it is from `least` to `most`: a number, or nanoseconds.
  bool (*possible)(const WorkType& type, std::int64_t least, std::int64_t most);
  std::string (*rule)(std::int64_t least, std::int64_t most);  // "at least 1"
  std::int64_t least = 0, most = 0;
  char joint = '+';  // between the parts of a list
};

struct WorkTypeRow {
  std::string_view name;
  WorkType (*make)() = nullptr;
  void (*run)(const WorkType& type, WorkerRun& run) = nullptr;
  std::vector<WorkParameter> parameters = {};
  std::string_view pressure = {};  // what it does to a scheduler, in a few words
  std::string_view measures = {};  // what its reports have beyond CPU time and iterations
  // What it does beyond that work, to keep account of it (bench/work_cost.py). Where it names a share, that is the same
  // on any machine. A look at the clock is a checkpoint's, or a part of one.
  std::string_view cost = {};
  GroupSize (*size)(const WorkType& type) = [](const WorkType&) { return GroupSize{}; };
  Status (*prepare)(const WorkType& type, GroupResources& shared) = [](const WorkType&, GroupResources&) {
    return ok();
  };
  // Of worker `index` of its WorkSpec. A role is a text that lives as long as the program.
  std::string_view (*role)(const WorkType& type, std::size_t index) = [](const WorkType&, std::size_t) {
    return std::string_view();
  };
  std::optional<SchedPolicy> (*policy)(const WorkType& type, std::size_t index) = nullptr;
  // Of parameters that go together; each alone was judged.
  Status (*check)(const WorkType& type) = [](const WorkType&) { return ok(); };
  bool processes_only = false;  // not threads
  bool only_in_code = false;    // files cannot name it
  bool moves_memory = false;    // between NUMA nodes
  // Null: the name and the parameters.
  std::string (*describe)(const WorkType& type) = nullptr;
  WorkMeasureNames measure_names = {};
  // Of worker `index`, where the type knows better than its WorkSpec.
  std::optional<int> (*nice)(const WorkType& type, std::size_t index) = nullptr;
  std::string (*comm)(const WorkType& type, std::size_t index) = nullptr;  // "": it does not
  // Modules of the kernel, in the order in which they are loaded; what is done once before any worker is there, such as
  // loading them; controllers that its workers' cgroup must have.
  std::vector<std::string_view> modules = {};
  Status (*ready)() = [] { return ok(); };
  std::vector<std::string_view> controllers = {};
};

template <typename Type, auto Loop>
WorkTypeRow work_row(std::string_view name, std::string_view pressure, std::string_view measures, std::string_view cost,
                     std::vector<WorkParameter> parameters = {}) {
  WorkTypeRow row;
  row.name = name;
  row.make = [] { return WorkType(Type{}); };
  row.run = [](const WorkType& type, WorkerRun& run) { Loop(std::get<Type>(type), run); };
  row.parameters = std::move(parameters);
  row.pressure = pressure;
  row.measures = measures;
  row.cost = cost;
  return row;
}

// What WorkerRun::note() and count() have by number: texts that live as long as the program.
inline WorkTypeRow measuring(WorkTypeRow row, std::vector<std::string_view> latencies,
                             std::vector<std::string_view> counts = {}) {
  row.measure_names = {std::move(latencies), std::move(counts)};
  return row;
}

// How many workers a group of that type has.
template <typename Type, auto Size>
WorkTypeRow in_groups(WorkTypeRow row) {
  row.size = [](const WorkType& type) {
    return GroupSize{.multiple_of = static_cast<int>(Size(std::get<Type>(type)))};
  };
  return row;
}
template <typename Type, auto Prepare>
WorkTypeRow sharing(WorkTypeRow row) {
  row.prepare = [](const WorkType& type, GroupResources& shared) { return Prepare(std::get<Type>(type), shared); };
  return row;
}
template <typename Type, auto Role>
WorkTypeRow with_roles(WorkTypeRow row) {
  row.role = [](const WorkType& type, std::size_t index) {
    return std::string_view(Role(std::get<Type>(type), index));
  };
  return row;
}
template <typename Type, auto Policy>
WorkTypeRow with_policies(WorkTypeRow row) {
  row.policy = [](const WorkType& type, std::size_t index) { return Policy(std::get<Type>(type), index); };
  return row;
}

// --- Values of parameters -----------------------------------------------------------------------------------------

namespace work_value {

constexpr std::int64_t kLongest = std::chrono::nanoseconds(std::chrono::hours(1)).count();

template <std::integral Number>
Status read(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return ok();
  return fail(ErrorCode::kInvalidArgument, "'{}' is not a whole number{}", text,
              std::is_signed_v<Number> ? "" : fmt::format(" from 0 to {}", UINT32_MAX));
}
inline Status read(std::string_view text, std::chrono::nanoseconds& value) {
  if (text == "0") return value = {}, ok();
  KTSTR_TRY_ASSIGN(value, parse_duration(text));
  return ok();
}
inline Status read(std::string_view text, bool& value) {
  if (text != "true" && text != "false")
    return fail(ErrorCode::kInvalidArgument, "'{}' is neither true nor false", text);
  value = text == "true";
  return ok();
}
template <NamedEnum E>
std::string all_names() {
  std::string all;
  for (const auto& each : names_of(E{})) all += (all.empty() ? "" : ", ") + std::string(each.text);
  return all;
}
template <NamedEnum E>
Status read(std::string_view text, E& value) {
  if (const auto known = enum_from<E>(text)) return value = *known, ok();
  return fail(ErrorCode::kInvalidArgument, "there is no '{}'; there are {}", text, all_names<E>());
}
// "0+2"; empty: none.
Status read(std::string_view text, std::vector<std::uint32_t>& value);
Status read(std::string_view text, std::vector<WorkPhase>& value);

template <std::integral Number>
std::string show(Number value) {
  return fmt::format("{}", value);
}
inline std::string show(std::chrono::nanoseconds value) { return format_duration(value); }
inline std::string show(bool value) { return value ? "true" : "false"; }
template <NamedEnum E>
std::string show(E value) {
  return std::string(to_string(value));
}
std::string show(const std::vector<std::uint32_t>& value);
std::string show(const std::vector<WorkPhase>& value);

// What is compared with the bounds.
template <std::integral Number>
std::int64_t size_of(Number value) {
  return static_cast<std::int64_t>(value);
}
inline std::int64_t size_of(std::chrono::nanoseconds value) { return value.count(); }
template <NamedEnum E>
std::int64_t size_of(E) {
  return 0;
}
inline std::int64_t size_of(const std::vector<std::uint32_t>& value) { return static_cast<std::int64_t>(value.size()); }
// The longest phase; 0 where there is none, or one takes no time.
std::int64_t size_of(const std::vector<WorkPhase>& value);

template <typename Value>
constexpr std::int64_t kDefaultLeast = std::is_same_v<Value, bool> || std::is_enum_v<Value> ? 0 : 1;
template <typename Value>
constexpr std::int64_t kDefaultMost = UINT32_MAX;
template <>
inline constexpr std::int64_t kDefaultMost<std::chrono::nanoseconds> = kLongest;
template <>
inline constexpr std::int64_t kDefaultMost<std::vector<WorkPhase>> = kLongest;
template <>
inline constexpr std::int64_t kDefaultLeast<std::vector<std::uint32_t>> = 0;

template <typename Value>
std::string rule(std::int64_t least, std::int64_t most) {
  if constexpr (std::is_same_v<Value, std::vector<WorkPhase>>) {
    return "at least one phase, each longer than 0 and at most an hour";
  } else if constexpr (std::is_same_v<Value, std::vector<std::uint32_t>>) {
    return "a list of numbers";
  } else if constexpr (std::is_same_v<Value, bool>) {
    return "true or false";
  } else if constexpr (NamedEnum<Value>) {
    return "one of " + all_names<Value>();
  } else if constexpr (std::is_same_v<Value, std::chrono::nanoseconds>) {
    if (most != kLongest || least > 1)
      return fmt::format("from {} to {}", format_duration(Value(least)), format_duration(Value(most)));
    return least > 0 ? "longer than 0 and at most an hour" : "at most an hour";
  } else {
    return most == UINT32_MAX ? fmt::format("at least {}", least) : fmt::format("from {} to {}", least, most);
  }
}

}  // namespace work_value

// `Member` is a pointer to the parameter: work_parameter<&Bursty::burst>("burst").
template <typename T>
struct MemberOf;
template <typename Type, typename Value>
struct MemberOf<Value Type::*> {
  using Owner = Type;
  using Held = Value;
};
template <auto Member>
WorkParameter work_parameter(std::string_view name,
                             std::int64_t least = work_value::kDefaultLeast<typename MemberOf<decltype(Member)>::Held>,
                             std::int64_t most = work_value::kDefaultMost<typename MemberOf<decltype(Member)>::Held>) {
  using Type = typename MemberOf<decltype(Member)>::Owner;
  using Value = typename MemberOf<decltype(Member)>::Held;
  return {.name = name,
          .read = [](std::string_view text,
                     WorkType& type) { return work_value::read(text, std::get<Type>(type).*Member); },
          .show = [](const WorkType& type) { return work_value::show(std::get<Type>(type).*Member); },
          .possible =
              [](const WorkType& type, std::int64_t from, std::int64_t to) {
                const std::int64_t size = work_value::size_of(std::get<Type>(type).*Member);
                return size >= from && size <= to;
              },
          .rule = work_value::rule<Value>,
          .least = least,
          .most = most};
}

// Where a worker stands in groups of `size`.
struct GroupPlace {
  std::size_t group, member;
};
constexpr GroupPlace place_in_groups(std::size_t index, std::size_t size) { return {index / size, index % size}; }

}  // namespace ktstr
