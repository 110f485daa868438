// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/user_probes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text/trimmed.h"
#include "kernel/elf.h"
#include "kernel/probe_compiler.h"
#include "trace/probes/function_ends.h"
#include "trace/probes/probe_parts.h"
#include "trace/probes/probe_values.h"

namespace ktstr {

namespace {

using namespace probe_parts;

constexpr std::string_view kOfBpf = "bpf:", kAllParameters = "*";

template <typename Take>
Status split(std::string_view text, char separator, Take&& take) {
  for (;;) {
    const auto end = text.find(separator);
    KTSTR_TRY(take(trimmed(text.substr(0, end))));
    if (end == text.npos) return ok();
    text.remove_prefix(end + 1);
  }
}

bool is_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

Error wrong(std::string_view text, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, "probe '{}': {}", text, why)
      .with_hint(
          "accepted: a function of the kernel, 'try_to_wake_up(p->pid, p->comm)', of the BPF scheduler, "
          "'bpf:simple_enqueue' or 'bpf:*', 'try_to_wake_up(*)' for all parameters, '... -> ret' after one for what it "
          "returns, '?' before one that a kernel may not have, and several with ';' between them");
}

// Takes "-> ret" off the end of a probe.
Result<std::string> take_returned(std::string_view text, std::string_view& name) {
  const auto close = name.rfind(')');
  const bool has_values = name.find('(') != name.npos;
  if (has_values && close == name.npos) return std::string();
  const auto arrow = name.find("->", has_values ? close : 0);
  if (arrow == name.npos) return std::string();
  const std::string_view returned = trimmed(name.substr(arrow + 2));
  if (returned != "ret" && !returned.starts_with("ret->"))
    return wrong(text, "'ret' or 'ret->...' follows the last '->'");
  name = trimmed(name.substr(0, arrow));
  return std::string(returned);
}

Result<UserProbe> parse_one(std::string_view text) {
  UserProbe probe;
  std::string_view name = text;
  KTSTR_TRY_ASSIGN(probe.returned, take_returned(text, name));
  probe.may_be_missing = name.starts_with('?');
  if (probe.may_be_missing) name = trimmed(name.substr(1));
  probe.bpf = name.starts_with(kOfBpf);
  if (probe.bpf) name.remove_prefix(kOfBpf.size());
  if (probe.bpf && probe.returned.size() > 3)
    return wrong(text, "of a BPF function the kernel knows no types: '-> ret'");
  const auto open = name.find('(');
  if (open != name.npos) {
    if (probe.bpf) return wrong(text, "of a BPF function all arguments are taken, without a list");
    if (!name.ends_with(')')) return wrong(text, "')' is missing at its end");
    KTSTR_TRY(split(name.substr(open + 1, name.size() - open - 2), ',', [&](std::string_view expression) -> Status {
      if (expression.empty()) return wrong(text, "an expression is missing");
      if (expression.find_first_of("()") != expression.npos)
        return wrong(text, fmt::format("'{}' is no expression; ';' separates two functions", expression));
      probe.expressions.emplace_back(expression);
      return ok();
    }));
    if (probe.expressions.size() > 1 &&
        std::find(probe.expressions.begin(), probe.expressions.end(), kAllParameters) != probe.expressions.end())
      return wrong(text, "'*' is all parameters and stands alone");
    name = trimmed(name.substr(0, open));
  }
  const bool any = probe.bpf && name.ends_with('*');
  const std::string_view fixed = any ? name.substr(0, name.size() - 1) : name;
  if (!is_name(fixed) && !(any && fixed.empty())) return wrong(text, "this is not the name of a function");
  probe.function = name;
  return probe;
}

// All functions of this name: static ones can share one.
Result<std::vector<Symbol>> functions_named(const KernelSymbols& symbols, const UserProbe& wanted) {
  std::vector<Symbol> functions = symbols.find_all(wanted.function);
  std::erase_if(functions,
                [](const Symbol& one) { return std::string_view("tTwW").find(one.type) == std::string::npos; });
  if (!functions.empty()) return functions;
  return fail(ErrorCode::kNotFound, "this kernel has no function {}", wanted.function)
      .with_hint("it may be inlined into its callers; /proc/kallsyms of the kernel lists those that there are");
}

Status compile_end(const KernelSymbols& symbols, const Btf& btf, const UserProbe& wanted, const Symbol& function,
                   UserProbes& made) {
  control::Probe probe = numbered(function.address, made.names.size());
  const BtfTypeId of = btf.find(wanted.function, BtfKind::kFunc).value_or(0);
  const auto type = btf.returned_by(of);
  std::vector<std::string> expressions = {fmt::format("${}", wanted.returned)};
  // One that returns nothing has an end all the same; of one that nothing is known of all of the register is shown.
  if (wanted.returned == "ret" && type == BtfTypeId{0}) expressions.clear();
  if (wanted.returned == "ret" && !type) expressions = {"$rax"};
  KTSTR_TRY_ASSIGN(const ProbeValues values, compile_values(btf, of, expressions, kMostValues - 1));
  put_values(values, trace::Probe::kEnds, kMostValues - 1, probe);
  add(probe, from_register(control::Register::kLeft, 0, 1, control::kAll));
  for (control::ExitProbe& end : ends_of(symbols, function, probe)) made.ends.push_back(end);
  return ok();
}

// What the kernel calls the values of the enums that these show.
void add_enums(const Btf& btf, const std::vector<ProbeParameter>& shown, UserProbes& made) {
  for (const ProbeParameter& one : shown) {
    const auto known = [&](const NamedNumber& number) { return number.type == one.format; };
    const auto type = btf.find(one.format, BtfKind::kEnum), type64 = btf.find(one.format, BtfKind::kEnum64);
    if ((!type && !type64) || std::any_of(made.named.begin(), made.named.end(), known)) continue;
    for (const BtfEnumerator& value : btf.enumerators_of(type64 ? *type64 : *type))
      made.named.push_back({one.format, std::string(value.name), static_cast<std::uint64_t>(value.value)});
  }
}

Status compile_one(const KernelSymbols& symbols, const Btf& btf, const UserProbe& wanted, UserProbes& made) {
  KTSTR_TRY_ASSIGN(const std::vector<Symbol> functions, functions_named(symbols, wanted));
  const BtfTypeId of = btf.find(wanted.function, BtfKind::kFunc).value_or(0);
  std::string name = to_text(UserProbe{wanted.function, false, wanted.expressions, {}});
  ProbeValues values;
  if (wanted.expressions == std::vector<std::string>{std::string(kAllParameters)}) {
    std::vector<ProbeParameter> shown;
    values = compile_parameters(btf, of, kMostValues, ParametersIn::kRegisters, shown);
    add_enums(btf, shown, made);
    name = with_parameters(wanted.function, shown);
  } else {
    KTSTR_TRY_ASSIGN(values, compile_values(btf, of, wanted.expressions, kMostValues));
  }
  for (const Symbol& function : functions) {
    control::Probe probe = numbered(function.address, made.names.size());
    put_values(values, 0, kMostValues, probe);
    made.of_kernel.push_back(probe);
  }
  made.names.push_back(std::move(name));
  if (wanted.returned.empty()) return ok();
  for (const Symbol& function : functions) KTSTR_TRY(compile_end(symbols, btf, wanted, function, made));
  made.names.push_back(to_text(UserProbe{wanted.function, false, {}, wanted.returned}));
  return ok();
}

}  // namespace

Result<std::vector<UserProbe>> parse_user_probes(std::string_view list) {
  std::vector<UserProbe> probes;
  KTSTR_TRY(split(list, ';', [&](std::string_view text) -> Status {
    if (text.empty()) return ok();
    KTSTR_TRY_ASSIGN(UserProbe probe, parse_one(text));
    probes.push_back(std::move(probe));
    return ok();
  }));
  if (probes.empty()) return wrong(list, "it names no function");
  return probes;
}

std::string to_text(const UserProbe& probe) {
  return fmt::format("{}{}{}{}{}{}", probe.may_be_missing ? "?" : "", probe.bpf ? kOfBpf : "", probe.function,
                     probe.expressions.empty() ? "" : fmt::format("({})", fmt::join(probe.expressions, ", ")),
                     probe.returned.empty() ? "" : " -> ", probe.returned);
}

bool UserProbes::wants_ends_of_bpf() const {
  return std::any_of(of_bpf.begin(), of_bpf.end(), [](const UserProbe& one) { return !one.returned.empty(); });
}

Result<UserProbes> compile_user_probes(ByteSpan vmlinux, const std::vector<UserProbe>& wanted) {
  KTSTR_TRY_ASSIGN(const ElfFile elf, ElfFile::parse(vmlinux));
  KTSTR_TRY_ASSIGN(const KernelSymbols symbols, KernelSymbols::from_image(elf));
  const auto section = elf.contents(".BTF");
  if (!section) return fail(ErrorCode::kNotFound, "the kernel has no BTF (no .BTF section)");
  KTSTR_TRY_ASSIGN(const Btf btf, Btf::parse(*section));
  UserProbes made;
  for (const UserProbe& one : wanted) {
    if (one.bpf) {
      made.of_bpf.push_back(one);
      continue;
    }
    Status compiled = compile_one(symbols, btf, one, made);
    if (!compiled && !(one.may_be_missing && compiled.error().code() == ErrorCode::kNotFound))
      return std::move(compiled).error().context(fmt::format("probe '{}'", to_text(one)));
  }
  if (made.ends.size() > control::kMostExits)
    return fail(ErrorCode::kUnsupported, "probes of the ends of {} functions; there is room for {}", made.ends.size(),
                control::kMostExits);
  std::stable_sort(made.of_kernel.begin(), made.of_kernel.end(),
                   [](const auto& a, const auto& b) { return a.address < b.address; });
  if (!made.ends.empty() || made.wants_ends_of_bpf()) made.thunks = return_thunks(symbols);
  if (made.of_bpf.empty()) return made;
  made.bpf = bpf_layout_of(symbols, btf);
  made.methods = scheduler_methods(btf);
  for (const BpfMethod& method : made.methods) add_enums(btf, method.parameters, made);
  if (made.bpf.symbols == 0) return fail(ErrorCode::kNotFound, "this kernel does not show its BPF programs");
  return made;
}

TraceEvent probe_placed(std::uint64_t time_ns, std::size_t number, std::string_view what) {
  trace::ProbePlaced placed{.number = static_cast<std::uint32_t>(number), .what = {}};
  put_text(what, placed.what);
  return make_event(time_ns, 0, placed);
}

TraceEvent named_value(std::uint64_t time_ns, const NamedNumber& named) {
  trace::NamedValue value{.value = named.value, .type = {}, .name = {}};
  put_text(named.type, value.type);
  put_text(named.name, value.name);
  return make_event(time_ns, 0, value);
}

}  // namespace ktstr
