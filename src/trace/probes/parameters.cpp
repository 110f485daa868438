// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace ktstr {

namespace {

using namespace value_format;

// Behind a pointer to such a struct.
struct Pointed {
  std::string_view type, path, format;
};
constexpr Pointed kPointed[] = {
    {"task_struct", "->pid", kPid}, {"cpumask", "->bits[0]", kCpus}, {"scx_dispatch_q", "->id", kQueue},
    {"rq", "->cpu", kNumber},       {"cgroup", "->kn->id", kNumber}, {"scx_exit_info", "->kind", "scx_exit_kind"},
};

// The kernel has flags as plain numbers; what they are their parameter's name says.
struct Named {
  std::string_view parameter, format;
};
constexpr Named kNamed[] = {
    {"enq_flags", "scx_enq_flags"},   {"deq_flags", "scx_deq_flags"},
    {"wake_flags", "scx_wake_flags"}, {"dsq_id", kQueue},
    {"exit_kind", "scx_exit_kind"},
};

std::string format_of_number(const Btf& btf, const BtfMember& parameter) {
  for (const Named& one : kNamed)
    if (one.parameter == parameter.name) return std::string(one.format);
  const BtfTypeId type = btf.strip(parameter.type);
  const bool is_enum = btf.kind(type) == BtfKind::kEnum || btf.kind(type) == BtfKind::kEnum64;
  return std::string(is_enum && !btf.name(type).empty() ? btf.name(type) : kNumber);
}

std::optional<ProbeParameter> shown(const Btf& btf, const BtfMember& parameter) {
  if (parameter.name.empty()) return std::nullopt;
  const std::string name(parameter.name);
  const BtfTypeId type = btf.strip(parameter.type);
  switch (btf.kind(type)) {
    case BtfKind::kInt:
    case BtfKind::kEnum:
    case BtfKind::kEnum64:
      if (btf.size_of(type) > 8) return std::nullopt;
      return ProbeParameter{name, name, format_of_number(btf, parameter)};
    case BtfKind::kPtr:
      break;
    default:
      return std::nullopt;
  }
  const BtfTypeId target = btf.strip(btf.target(type));
  if (btf.kind(target) == BtfKind::kInt && btf.name(target) == "char")
    return ProbeParameter{name, name + "->*8", std::string(kText)};
  const auto pointed_at = btf.struct_of(target);
  if (!pointed_at) return std::nullopt;
  for (const Pointed& one : kPointed)
    if (one.type == pointed_at->name)
      return ProbeParameter{name, name + std::string(one.path), std::string(one.format)};
  return std::nullopt;
}

// Without what the verifier is told by its name: "prev__nullable".
std::string_view shown_name(std::string_view name) { return name.substr(0, std::max<std::size_t>(1, name.find("__"))); }

}  // namespace

std::vector<ProbeParameter> shown_parameters(const Btf& btf, BtfTypeId function) {
  std::vector<ProbeParameter> all;
  for (const BtfMember& parameter : btf.parameters(function))
    if (auto one = shown(btf, parameter)) all.push_back(*std::move(one));
  return all;
}

std::string with_parameters(std::string_view function, const std::vector<ProbeParameter>& shown) {
  std::string text = fmt::format("{}(", function);
  for (const ProbeParameter& one : shown)
    text += fmt::format("{}{}:{}", text.back() == '(' ? "" : ", ", shown_name(one.name), one.format);
  return text + ")";
}

}  // namespace ktstr
