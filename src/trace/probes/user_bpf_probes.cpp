// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "trace/probes/probe_parts.h"
#include "trace/probes/user_probes.h"

namespace ktstr {

namespace {

using namespace probe_parts;

constexpr std::string_view kMethods = "ops.";
constexpr std::size_t kMostNamed = 20;  // functions in a message

bool matches(const UserProbe& wanted, const BpfFunction& function) {
  std::string_view name = wanted.function;
  if (name.starts_with(kMethods)) {
    name.remove_prefix(kMethods.size());
    return !function.method.empty() && (name == "*" || name == function.method);
  }
  if (!name.ends_with('*')) return function.name == name || function.method == name;
  name.remove_suffix(1);
  return function.name.starts_with(name) || (!function.method.empty() && function.method.starts_with(name));
}

// A method's only argument is the address of its arguments.
control::Probe probe_of(const BpfFunction& function, const BpfLayout& layout, const BpfMethod* method,
                        std::size_t number) {
  control::Probe probe = numbered(function.start, number);
  if (method != nullptr && !method->parameters.empty()) {
    put_values(method->values, 0, kMostValues, probe);
    return probe;
  }
  const bool about_task = method != nullptr && method->is_about_task;
  add(probe, constant(1));
  add(probe, constant(0));
  const bool is_method = !function.method.empty();
  add(probe, from_register(control::Register::kRdi, is_method ? 8 : 0, about_task ? 0 : 1, control::kAll));
  if (about_task)
    add(probe, {.source = control::Source::kEarlier,
                .index = kOwnSteps,
                .bytes = 4,
                .keep = 1,
                .narrow = control::kAll,
                .address = layout.pid});
  for (std::size_t i = 1; i < kMostValues; ++i) add(probe, constant(0));
  return probe;
}

// What a function returns that is no method nobody knows: all of the register, then.
control::ExitProbe end_of(const BpfFunction& function, const BpfMethod* method, std::size_t number) {
  control::Probe probe = numbered(function.start, number);
  const bool returns = method == nullptr || method->returns;
  const std::uint32_t narrow = method == nullptr ? control::kAll : method->narrow;
  add(probe, constant(returns ? 1 : 0));
  add(probe, constant(trace::Probe::kEnds | ((narrow & control::kSigned) != 0 ? trace::Probe::kSigned : 0)));
  add(probe, returns ? from_register(control::Register::kRax, 0, 1, narrow) : constant(0));
  for (std::size_t i = 1; i + 1 < kMostValues; ++i) add(probe, constant(0));
  add(probe, from_register(control::Register::kLeft, 0, 1, control::kAll));
  return {function.start, function.end, probe};
}

std::string name_of(const BpfFunction& function, const BpfMethod* method) {
  if (method != nullptr && !method->parameters.empty()) return with_parameters(function.name, method->parameters);
  return fmt::format("{}({})", function.name, method != nullptr && method->is_about_task ? "p:pid" : "argument");
}

std::string why_not_placed(const UserProbe& wanted, const std::vector<BpfFunction>& functions) {
  if (functions.empty()) return fmt::format("{}: no BPF scheduler was attached where the body begins", to_text(wanted));
  std::vector<std::string_view> names;
  for (const BpfFunction& one : functions)
    if (names.size() < kMostNamed) names.push_back(one.name);
  return fmt::format("{}: the BPF scheduler has no such function; it has {}{}", to_text(wanted), fmt::join(names, ", "),
                     functions.size() > names.size() ? " and others" : "");
}

}  // namespace

BpfProbes bpf_probes(const control::GuestSpace& kernel, const UserProbes& wanted, std::size_t first) {
  BpfProbes made;
  const std::vector<BpfFunction> functions = bpf_functions(kernel, wanted.bpf);
  std::vector<bool> placed(wanted.of_bpf.size());
  std::size_t without_room = 0;
  for (const BpfFunction& function : functions) {
    bool is_wanted = false, end_is_wanted = false;
    for (std::size_t i = 0; i < wanted.of_bpf.size(); ++i) {
      if (!matches(wanted.of_bpf[i], function)) continue;
      placed[i] = is_wanted = true;
      if (!wanted.of_bpf[i].returned.empty()) end_is_wanted = true;
    }
    if (!is_wanted) continue;
    if (made.probes.size() == control::kMostLateProbes ||
        (end_is_wanted && made.ends.size() == control::kMostLateExits)) {
      ++without_room;
      continue;
    }
    const auto method = std::find_if(wanted.methods.begin(), wanted.methods.end(),
                                     [&](const BpfMethod& one) { return one.name == function.method; });
    const BpfMethod* const known = method == wanted.methods.end() ? nullptr : &*method;
    made.probes.push_back(probe_of(function, wanted.bpf, known, first + made.names.size()));
    made.names.push_back(name_of(function, known));
    if (!end_is_wanted) continue;
    made.ends.push_back(end_of(function, known, first + made.names.size()));
    made.names.push_back(function.name + " -> ret");
  }
  for (std::size_t i = 0; i < wanted.of_bpf.size(); ++i)
    if (!placed[i]) made.not_placed.push_back(why_not_placed(wanted.of_bpf[i], functions));
  if (without_room > 0)
    made.not_placed.push_back(
        fmt::format("of {} more BPF functions: there is room for {}, and for {} ends of functions", without_room,
                    control::kMostLateProbes, control::kMostLateExits));
  return made;
}

}  // namespace ktstr
