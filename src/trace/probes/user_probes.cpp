// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/user_probes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "kernel/elf.h"
#include "kernel/probe_compiler.h"

namespace ktstr {

namespace {

constexpr std::string_view kOfBpf = "bpf:";
constexpr std::size_t kMostValues = std::tuple_size_v<decltype(trace::Probe::values)>;
constexpr std::uint8_t kOwnSteps = trace::Probe::kFirstValue;
constexpr std::size_t kMostNamed = 20;  // functions in a message

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

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
          "'bpf:simple_enqueue' or 'bpf:*', and several with ';' between them");
}

Result<UserProbe> parse_one(std::string_view text) {
  UserProbe probe;
  std::string_view name = text;
  probe.bpf = name.starts_with(kOfBpf);
  if (probe.bpf) name.remove_prefix(kOfBpf.size());
  const auto open = name.find('(');
  if (open != name.npos) {
    if (probe.bpf) return wrong(text, "of a BPF function the first argument is taken, and no other");
    if (!name.ends_with(')')) return wrong(text, "')' is missing at its end");
    KTSTR_TRY(split(name.substr(open + 1, name.size() - open - 2), ',', [&](std::string_view expression) -> Status {
      if (expression.empty()) return wrong(text, "an expression is missing");
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

control::Step constant(std::uint64_t number) {
  return {.source = control::Source::kAddress, .index = 0, .bytes = 0, .keep = 1, .narrow = 0, .address = number};
}
void add(control::Probe& probe, const control::Step& step) { probe.step[probe.steps++] = step; }

Result<control::Probe> compile_one(const KernelSymbols& symbols, const Btf& btf, const UserProbe& wanted,
                                   std::size_t number) {
  const auto symbol = symbols.find(wanted.function);
  if (!symbol || (symbol->type != 't' && symbol->type != 'T' && symbol->type != 'W' && symbol->type != 'w'))
    return fail(ErrorCode::kNotFound, "probe '{}': this kernel has no function {}", to_text(wanted), wanted.function)
        .with_hint("it may be inlined into its callers; /proc/kallsyms of the kernel lists those that there are");
  control::Probe probe{};
  probe.address = symbol->address;
  probe.kind = static_cast<std::uint32_t>(TraceKind::kProbe);
  add(probe, constant(number));
  control::Probe values{};
  std::uint32_t count = 0, text = 0;
  const BtfTypeId function = btf.find(wanted.function, BtfKind::kFunc).value_or(0);
  for (const std::string& expression : wanted.expressions) {
    auto value = compile_value(btf, function, expression, values);
    if (!value) return std::move(value).error().context(fmt::format("probe '{}'", to_text(wanted)));
    for (std::uint32_t i = 0; i < value->words; ++i, ++count)
      if (value->is_text && count < kMostValues) text |= (i == 0 ? 1U : 0x101U) << count;
  }
  if (count > kMostValues || values.steps + kOwnSteps + kMostValues > control::kMostSteps)
    return fail(ErrorCode::kUnsupported, "probe '{}': it takes {} values; there is room for {} (8 characters are one)",
                to_text(wanted), count, kMostValues);
  add(probe, constant(count));
  add(probe, constant(text));
  // These steps name earlier ones by their place.
  for (std::uint32_t i = 0; i < values.steps; ++i) {
    control::Step step = values.step[i];
    if (step.source == control::Source::kEarlier) step.index = static_cast<std::uint8_t>(step.index + kOwnSteps);
    add(probe, step);
  }
  for (; count < kMostValues; ++count) add(probe, constant(0));
  return probe;
}

bool matches(const UserProbe& wanted, const BpfFunction& function) {
  std::string_view name = wanted.function;
  if (!name.ends_with('*')) return function.name == name || function.method == name;
  name.remove_suffix(1);
  return function.name.starts_with(name) || (!function.method.empty() && function.method.starts_with(name));
}

// A method's only argument is the address of its arguments.
control::Probe probe_of(const BpfFunction& function, const BpfLayout& layout, bool about_task, std::size_t number) {
  using control::Source;
  control::Probe probe{};
  probe.address = function.start;
  probe.kind = static_cast<std::uint32_t>(TraceKind::kProbe);
  add(probe, constant(number));
  add(probe, constant(1));
  add(probe, constant(0));
  constexpr auto kRdi = static_cast<std::uint8_t>(control::Register::kRdi);
  if (function.method.empty()) {
    add(probe, {.source = Source::kRegister, .index = kRdi, .bytes = 0, .keep = 1, .narrow = 0, .address = 0});
  } else {
    const std::uint8_t keep = about_task ? 0 : 1;
    add(probe, {.source = Source::kRegister, .index = kRdi, .bytes = 8, .keep = keep, .narrow = 0, .address = 0});
    if (about_task)
      add(probe, {.source = Source::kEarlier,
                  .index = kOwnSteps,
                  .bytes = 4,
                  .keep = 1,
                  .narrow = 0,
                  .address = layout.pid});
  }
  for (std::size_t i = 1; i < kMostValues; ++i) add(probe, constant(0));
  return probe;
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
  return fmt::format("{}{}{}", probe.bpf ? kOfBpf : "", probe.function,
                     probe.expressions.empty() ? "" : fmt::format("({})", fmt::join(probe.expressions, ", ")));
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
    KTSTR_TRY_ASSIGN(const control::Probe probe, compile_one(symbols, btf, one, made.names.size()));
    made.of_kernel.push_back(probe);
    made.names.push_back(to_text(one));
  }
  std::stable_sort(made.of_kernel.begin(), made.of_kernel.end(),
                   [](const auto& a, const auto& b) { return a.address < b.address; });
  if (made.of_bpf.empty()) return made;
  made.bpf = bpf_layout_of(symbols, btf);
  made.methods_about_tasks = methods_about_tasks(btf);
  if (made.bpf.symbols == 0) return fail(ErrorCode::kNotFound, "this kernel does not show its BPF programs");
  return made;
}

BpfProbes bpf_probes(const control::GuestSpace& kernel, const UserProbes& wanted, std::size_t first) {
  BpfProbes made;
  const std::vector<BpfFunction> functions = bpf_functions(kernel, wanted.bpf);
  const auto& about_tasks = wanted.methods_about_tasks;
  std::vector<bool> placed(wanted.of_bpf.size());
  std::size_t without_room = 0;
  for (const BpfFunction& function : functions) {
    bool is_wanted = false;
    for (std::size_t i = 0; i < wanted.of_bpf.size(); ++i) {
      if (!matches(wanted.of_bpf[i], function)) continue;
      placed[i] = is_wanted = true;
    }
    if (!is_wanted) continue;
    if (made.probes.size() == control::kMostLateProbes) {
      ++without_room;
      continue;
    }
    const bool about_task = std::find(about_tasks.begin(), about_tasks.end(), function.method) != about_tasks.end();
    made.probes.push_back(probe_of(function, wanted.bpf, about_task, first + made.names.size()));
    made.names.push_back(fmt::format("{}({})", function.name, about_task ? "pid" : "argument"));
  }
  for (std::size_t i = 0; i < wanted.of_bpf.size(); ++i)
    if (!placed[i]) made.not_placed.push_back(why_not_placed(wanted.of_bpf[i], functions));
  if (without_room > 0)
    made.not_placed.push_back(
        fmt::format("of {} more BPF functions: there is room for {}", without_room, control::kMostLateProbes));
  return made;
}

TraceEvent probe_placed(std::uint64_t time_ns, std::size_t number, std::string_view what) {
  trace::ProbePlaced placed{.number = static_cast<std::uint32_t>(number), .what = {}};
  for (std::size_t i = 0; i < what.size() && i < placed.what.words.size() * 8; ++i)
    placed.what.words[i / 8] |= static_cast<std::uint64_t>(static_cast<unsigned char>(what[i])) << (i % 8 * 8);
  return make_event(time_ns, 0, placed);
}

}  // namespace ktstr
