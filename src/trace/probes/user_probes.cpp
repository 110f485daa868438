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

namespace ktstr {

namespace {

using namespace probe_parts;

constexpr std::string_view kOfBpf = "bpf:";

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
          "'bpf:simple_enqueue' or 'bpf:*', '... -> ret' after one for what it returns, and several with ';' between "
          "them");
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
  probe.bpf = name.starts_with(kOfBpf);
  if (probe.bpf) name.remove_prefix(kOfBpf.size());
  if (probe.bpf && probe.returned.size() > 3)
    return wrong(text, "of a BPF function the kernel knows no types: '-> ret'");
  const auto open = name.find('(');
  if (open != name.npos) {
    if (probe.bpf) return wrong(text, "of a BPF function the first argument is taken, and no other");
    if (!name.ends_with(')')) return wrong(text, "')' is missing at its end");
    KTSTR_TRY(split(name.substr(open + 1, name.size() - open - 2), ',', [&](std::string_view expression) -> Status {
      if (expression.empty()) return wrong(text, "an expression is missing");
      if (expression.find_first_of("()") != expression.npos)
        return wrong(text, fmt::format("'{}' is no expression; ';' separates two functions", expression));
      probe.expressions.emplace_back(expression);
      return ok();
    }));
    name = trimmed(name.substr(0, open));
  }
  const bool any = probe.bpf && name.ends_with('*');
  const std::string_view fixed = any ? name.substr(0, name.size() - 1) : name;
  if (!is_name(fixed) && !(any && fixed.empty())) return wrong(text, "this is not the name of a function");
  probe.function = name;
  return probe;
}

// Adds the values that these are, at most `most`, and how they are to be read.
Status add_values(const Btf& btf, const UserProbe& wanted, const std::vector<std::string>& expressions,
                  std::uint32_t flags, std::size_t most, control::Probe& probe) {
  control::Probe values{};
  std::uint32_t count = 0, text = flags;
  const BtfTypeId function = btf.find(wanted.function, BtfKind::kFunc).value_or(0);
  for (const std::string& expression : expressions) {
    auto value = compile_value(btf, function, expression, values);
    if (!value) return std::move(value).error().context(fmt::format("probe '{}'", to_text(wanted)));
    for (std::uint32_t i = 0; i < value->words; ++i, ++count) {
      if (count >= most) continue;
      if (value->is_text) text |= (i == 0 ? 1U : 1U | trace::Probe::kContinued) << count;
      if (value->is_signed) text |= trace::Probe::kSigned << count;
    }
  }
  if (count > most || values.steps + kOwnSteps + kMostValues > control::kMostSteps)
    return fail(ErrorCode::kUnsupported, "probe '{}': it takes {} values; there is room for {} (8 characters are one)",
                to_text(wanted), count, most);
  add(probe, constant(count));
  add(probe, constant(text));
  // These steps name earlier ones by their place.
  for (std::uint32_t i = 0; i < values.steps; ++i) {
    control::Step step = values.step[i];
    if (step.source == control::Source::kEarlier) step.index = static_cast<std::uint8_t>(step.index + kOwnSteps);
    add(probe, step);
  }
  for (; count < most; ++count) add(probe, constant(0));
  return ok();
}

// All functions of this name: static ones can share one.
Result<std::vector<Symbol>> functions_named(const KernelSymbols& symbols, const UserProbe& wanted) {
  std::vector<Symbol> functions = symbols.find_all(wanted.function);
  std::erase_if(functions,
                [](const Symbol& one) { return std::string_view("tTwW").find(one.type) == std::string::npos; });
  if (!functions.empty()) return functions;
  return fail(ErrorCode::kNotFound, "probe '{}': this kernel has no function {}", to_text(wanted), wanted.function)
      .with_hint("it may be inlined into its callers; /proc/kallsyms of the kernel lists those that there are");
}

Status compile_end(const KernelSymbols& symbols, const Btf& btf, const UserProbe& wanted, const Symbol& function,
                   UserProbes& made) {
  control::Probe probe = numbered(function.address, made.names.size());
  const auto type = btf.returned_by(btf.find(wanted.function, BtfKind::kFunc).value_or(0));
  std::vector<std::string> expressions = {fmt::format("${}", wanted.returned)};
  // One that returns nothing has an end all the same; of one that nothing is known of all of the register is shown.
  if (wanted.returned == "ret" && type == BtfTypeId{0}) expressions.clear();
  if (wanted.returned == "ret" && !type) expressions = {"$rax"};
  KTSTR_TRY(add_values(btf, wanted, expressions, trace::Probe::kEnds, kMostValues - 1, probe));
  add(probe, from_register(control::Register::kLeft, 0, 1, control::kAll));
  for (control::ExitProbe& end : ends_of(symbols, function, probe)) made.ends.push_back(end);
  return ok();
}

Status compile_one(const KernelSymbols& symbols, const Btf& btf, const UserProbe& wanted, UserProbes& made) {
  KTSTR_TRY_ASSIGN(const std::vector<Symbol> functions, functions_named(symbols, wanted));
  for (const Symbol& function : functions) {
    control::Probe probe = numbered(function.address, made.names.size());
    KTSTR_TRY(add_values(btf, wanted, wanted.expressions, 0, kMostValues, probe));
    made.of_kernel.push_back(probe);
  }
  made.names.push_back(to_text(UserProbe{wanted.function, false, wanted.expressions, {}}));
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
  return fmt::format("{}{}{}{}{}", probe.bpf ? kOfBpf : "", probe.function,
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
    KTSTR_TRY(compile_one(symbols, btf, one, made));
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
  if (made.bpf.symbols == 0) return fail(ErrorCode::kNotFound, "this kernel does not show its BPF programs");
  return made;
}

TraceEvent probe_placed(std::uint64_t time_ns, std::size_t number, std::string_view what) {
  trace::ProbePlaced placed{.number = static_cast<std::uint32_t>(number), .what = {}};
  for (std::size_t i = 0; i < what.size() && i < placed.what.words.size() * 8; ++i)
    placed.what.words[i / 8] |= static_cast<std::uint64_t>(static_cast<unsigned char>(what[i])) << (i % 8 * 8);
  return make_event(time_ns, 0, placed);
}

}  // namespace ktstr
