// SPDX-License-Identifier: Apache-2.0
//
// One row an op: all that the project knows of it. The rows of a family are in its file, below what they do:
// cgroup_ops.cpp, cpuset_ops.cpp, worker_ops.cpp, payload_ops.cpp, machine_ops.cpp, scheduler_ops.cpp. The reading of
// scenario files, messages, fingerprints and the reference page come from a row's parameters. To add an op: a struct in
// ktstr/op.h, at the end of Op::Kind, with its builder; and in the file of its family rehearse(), apply() and a row.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "ktstr/op.h"

namespace ktstr {

class ControllerNeeds;
class RehearsedWorld;
class World;

// The types that a parameter's value may have. Whoever reads or shows ops has a function for each; where one is
// missing, the compiler says so.
template <typename... Types>
struct ValueTypes {
  using Pointer = std::variant<Types*...>;
  using ConstPointer = std::variant<const Types*...>;  // null: an optional one that is not there
};
using OpValues = ValueTypes<std::string, int, bool, std::chrono::nanoseconds, std::vector<std::string>, CpuSet, Knob,
                            CpusetSpec, AffinityIntent, SchedPolicy, WorkSpec, CgroupDef, Payload>;

// How a value is written where its type alone does not say it.
enum class Writing { kAsItsType, kTextOrNumber, kCpuNumber, kAsKnobTakesIt };

// What a parameter takes, in words: "a cgroup's name".
template <typename T>
struct Form {
  constexpr Form(const char* in_words, Writing writing = Writing::kAsItsType) : words(in_words), written(writing) {}
  std::string_view words;
  Writing written;
};
namespace form {
inline constexpr Form<std::string> kCgroup{"a cgroup's name"}, kPlace{"a cgroup's name, or \"\" for outside"};
inline constexpr Form<std::string> kTextOrNumber{"a text or a number", Writing::kTextOrNumber};
inline constexpr Form<Cpu> kCpu{"a CPU's number", Writing::kCpuNumber};
inline constexpr Form<std::chrono::nanoseconds> kDuration{"a time like \"5ms\""};
}  // namespace form

struct OpParameter {
  std::string_view key;   // of a scenario file
  std::string_view form;  // what it takes, in words
  Writing written;
  bool required = true;
  // Where an op of the row's kind has the value. to_write() gives an optional member a value.
  OpValues::Pointer (*to_write)(Op::Kind&);
  OpValues::ConstPointer (*to_read)(const Op::Kind&);
};

enum class OpEffect {
  kAny,
  kLeavesSharesAlone,  // changes nothing of who competes for which CPUs by what weight
  kMakesRoom,          // ends or removes something: not all that a step's ops make is there at one time
};

struct OpRow {
  std::string_view name;
  std::string_view
      family;  // "cgroups", "CPUs of cgroups and workers", "workers", "payloads", "the machine", "the scheduler"
  std::string_view what;  // one sentence
  std::vector<OpParameter> parameters;
  Op::Kind (*blank)() = nullptr;
  std::function<void(const Op&, RehearsedWorld&)> rehearse;
  std::function<Status(const Op&, World&)> apply;
  std::function<std::string(const Op&)> about;                   // empty: the values of its parameters
  std::function<void(const Op&, ControllerNeeds&)> controllers;  // empty: it needs none
  OpEffect effect = OpEffect::kAny;
};

// What an op does.
template <typename T>
struct OpParts {
  // What it will find when its turn comes, and what it leaves: a mistake where it could only fail or do nothing.
  void (*rehearse)(const T&, RehearsedWorld&);
  Status (*apply)(const T&, World&);
  // What follows its name in messages, where that is not its parameters one after the other. Fingerprints tell ops
  // apart by it: it must show all parameters but work, payloads and definitions.
  std::string (*about)(const T&) = nullptr;
  // The controllers that its cgroups need, by the files that it writes.
  void (*controllers)(const T&, ControllerNeeds&) = nullptr;
};

// One to read parameters into. An op without a default has a specialisation of its own.
template <typename T>
T blank() {
  return {};
}

template <typename T>
T* to_write(T& value) {
  return &value;
}
template <typename T>
T* to_write(std::optional<T>& value) {
  return &value.emplace();
}
template <typename T>
const T* to_read(const T& value) {
  return &value;
}
template <typename T>
const T* to_read(const std::optional<T>& value) {
  return value ? &*value : nullptr;
}

template <typename Class, typename Member>
Class class_of(Member Class::*);
template <auto Member>
using ClassOf = decltype(class_of(Member));
template <auto Member, auto... Inner>
auto& member_of(auto& object) {
  if constexpr (sizeof...(Inner) == 0)
    return object.*Member;
  else
    return member_of<Inner...>(object.*Member);
}
template <auto Member, auto... Inner>
using ValueOf =
    std::remove_pointer_t<decltype(to_write(member_of<Member, Inner...>(std::declval<ClassOf<Member>&>())))>;

// A member of the op's struct, or a member of a member.
template <auto Member, auto... Inner>
OpParameter param(std::string_view key, Form<ValueOf<Member, Inner...>> form) {
  using T = ClassOf<Member>;
  return {.key = key,
          .form = form.words,
          .written = form.written,
          .to_write = [](Op::Kind& op) -> OpValues::Pointer {
            return to_write(member_of<Member, Inner...>(std::get<T>(op)));
          },
          .to_read = [](const Op::Kind& op) -> OpValues::ConstPointer {
            return to_read(member_of<Member, Inner...>(std::get<T>(op)));
          }};
}
// One that may be left out.
template <auto Member>
OpParameter optional_param(std::string_view key, Form<ValueOf<Member>> form) {
  OpParameter made = param<Member>(key, form);
  made.required = false;
  return made;
}

template <typename T>
OpRow op_row(std::string_view name, std::string_view what, std::vector<OpParameter> parameters, OpParts<T> parts,
             OpEffect effect = OpEffect::kAny) {
  OpRow row{.name = name, .what = what, .parameters = std::move(parameters), .effect = effect};
  row.blank = [] { return Op::Kind(blank<T>()); };
  // The part, of an op that is known to be of this kind.
  const auto with = [](auto* part) {
    return [part](const Op& op, auto&... world) { return part(std::get<T>(op.kind()), world...); };
  };
  row.rehearse = with(parts.rehearse);
  row.apply = with(parts.apply);
  if (parts.about != nullptr) row.about = with(parts.about);
  if (parts.controllers != nullptr) row.controllers = with(parts.controllers);
  return row;
}

// "(outside)" for the place that has no name.
std::string show_place(const std::string& cgroup);

std::vector<OpRow> cgroup_ops();
std::vector<OpRow> cpuset_ops();
std::vector<OpRow> worker_ops();
std::vector<OpRow> payload_ops();
std::vector<OpRow> machine_ops();
std::vector<OpRow> scheduler_ops();

}  // namespace ktstr
