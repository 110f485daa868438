// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/bpf_functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "trace/probes/probe_parts.h"

namespace ktstr {

namespace {

constexpr std::size_t kMostSymbols = 10'000;  // of all BPF programs of a guest
constexpr std::size_t kLongestName = 128, kLongestMethod = 32;
// "bpf_prog_", the tag as 16 digits, "_".
constexpr std::string_view kPrefix = "bpf_prog_";
constexpr std::size_t kTagDigits = 16;
// What a scheduler is, by CPU numbers or by those of the topology.
constexpr const char* kSchedulerTypes[] = {"sched_ext_ops", "sched_ext_ops_cid"};

std::string name_in_source(std::string symbol) {
  const std::size_t prefix = kPrefix.size() + kTagDigits + 1;
  if (symbol.starts_with(kPrefix) && symbol.size() > prefix && symbol[prefix - 1] == '_') symbol.erase(0, prefix);
  return symbol;
}

class Walk {
 public:
  Walk(const control::GuestSpace& kernel, const BpfLayout& layout) : kernel_(kernel), layout_(layout) {}

  std::vector<BpfFunction> all() {
    auto link = kernel_.load(layout_.symbols, 8);
    for (std::size_t seen = 0; link && *link != layout_.symbols && seen < kMostSymbols; ++seen) {
      look_at(*link - layout_.link);
      link = kernel_.load(*link, 8);
    }
    std::sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) { return a.start < b.start; });
    return std::move(found_);
  }

 private:
  // Images of trampolines have a symbol too, and no program.
  void look_at(std::uint64_t symbol) {
    if (kernel_.load(symbol + layout_.is_program, 1).value_or(0) == 0) return;
    const std::uint64_t aux = symbol - layout_.symbol_of_aux;
    const auto program = kernel_.load(aux + layout_.program_of_aux, 8);
    if (!program || kernel_.load(*program + layout_.type, 4) != layout_.struct_ops) return;
    if (!is_of_scheduler(aux)) return;
    const auto start = kernel_.load(symbol + layout_.start, 8), end = kernel_.load(symbol + layout_.end, 8);
    if (!start || !end || *start >= *end || *start < kBpfRange.first || *end > kBpfRange.second) return;
    BpfFunction function{.name = {}, .method = {}, .start = *start, .end = *end, .aux = aux};
    function.name = name_in_source(
        text_at(kernel_, symbol + layout_.name, std::min<std::uint64_t>(layout_.name_bytes, kLongestName)));
    if (const auto method = kernel_.load(aux + layout_.method_of_aux, 8); method && *method != 0)
      function.method = text_at(kernel_, *method, kLongestMethod);
    found_.push_back(std::move(function));
  }

  // Other things than schedulers are made of such programs, congestion controls for one. A function that is no method
  // has no type of its own, and belongs to the program that it is a part of.
  bool is_of_scheduler(std::uint64_t aux) const {
    if (layout_.schedulers == decltype(layout_.schedulers){} || layout_.type_of_methods == 0) return true;
    const std::uint64_t own = kernel_.load(aux + layout_.type_of_methods, 4).value_or(0);
    if (own != 0 || layout_.main_of_aux == 0) return own == 0 || is_scheduler(own);
    const auto main = kernel_.load(aux + layout_.main_of_aux, 8);
    return main && is_scheduler(kernel_.load(*main + layout_.type_of_methods, 4).value_or(0));
  }

  bool is_scheduler(std::uint64_t type) const {
    return type != 0 &&
           std::find(layout_.schedulers.begin(), layout_.schedulers.end(), type) != layout_.schedulers.end();
  }

  const control::GuestSpace& kernel_;
  const BpfLayout& layout_;
  std::vector<BpfFunction> found_;
};

// What stands in for a method where a scheduler has none of its own. Most are the same for both types.
std::optional<BtfTypeId> stub_of(const Btf& btf, const BtfStruct& ops, const BtfMember& member) {
  const auto own = btf.find(fmt::format("{}__{}", ops.name, member.name), BtfKind::kFunc);
  return own ? own : btf.find(fmt::format("{}__{}", kSchedulerTypes[0], member.name), BtfKind::kFunc);
}

// That are not there by this name.
void add_methods(const Btf& btf, const BtfStruct& ops, std::vector<BpfMethod>& methods) {
  for (const BtfMember& member : ops.members) {
    const auto returned = btf.returned_by(member.type);
    const bool known =
        std::any_of(methods.begin(), methods.end(), [&](const BpfMethod& one) { return one.name == member.name; });
    if (!returned || known) continue;
    BpfMethod method{.name = std::string(member.name), .returns = *returned != 0};
    const std::uint64_t bytes = btf.size_of(*returned);
    method.narrow = bytes < 8 ? static_cast<std::uint32_t>(bytes) : control::kAll;
    if (btf.is_signed(btf.strip(*returned))) method.narrow |= control::kSigned;
    const auto parameters = btf.parameters(member.type);
    const auto pointed_at =
        parameters.empty() ? std::nullopt : btf.struct_of(btf.target(btf.strip(parameters.front().type)));
    method.is_about_task = pointed_at && pointed_at->name == "task_struct";
    // A member that points to a function has no names of parameters; what stands in for it where a scheduler has none
    // of its own has them.
    if (const auto stub = stub_of(btf, ops, member))
      method.values =
          compile_parameters(btf, *stub, probe_parts::kMostValues, ParametersIn::kContext, method.parameters);
    methods.push_back(std::move(method));
  }
}

}  // namespace

std::string text_at(const control::GuestSpace& kernel, std::uint64_t address, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < most; ++i) {
    const auto c = kernel.load(address + i, 1);
    if (!c || *c == 0) break;
    text += *c >= ' ' && *c < 0x7f ? static_cast<char>(*c) : '?';
  }
  return text;
}

BpfLayout bpf_layout_of(const KernelSymbols& symbols, const Btf& btf) {
  const auto list = symbols.find("bpf_kallsyms");
  const auto type = btf.enumerator("BPF_PROG_TYPE_STRUCT_OPS");
  if (!list || !type) return {};
  BpfLayout layout{.symbols = list->address, .struct_ops = static_cast<std::uint64_t>(*type)};
  struct Row {
    std::string_view of, member;
    std::uint64_t& into;
  };
  const Row rows[] = {
      {"bpf_ksym", "lnode", layout.link},
      {"bpf_ksym", "start", layout.start},
      {"bpf_ksym", "end", layout.end},
      {"bpf_ksym", "name", layout.name},
      {"bpf_ksym", "prog", layout.is_program},
      {"bpf_prog_aux", "ksym", layout.symbol_of_aux},
      {"bpf_prog_aux", "prog", layout.program_of_aux},
      {"bpf_prog_aux", "attach_func_name", layout.method_of_aux},
      {"bpf_prog", "type", layout.type},
      {"task_struct", "pid", layout.pid},
  };
  for (const Row& row : rows) {
    const auto member = btf.member(row.of, row.member);
    if (!member || member->bitfield_bits != 0) return {};
    row.into = member->offset_bits / 8;
    if (row.member == "name") layout.name_bytes = btf.size_of(member->type);
  }
  // What tells a scheduler's functions from those of others.
  for (std::size_t i = 0; i < std::size(kSchedulerTypes); ++i)
    if (const auto ops = btf.find_struct(kSchedulerTypes[i])) layout.schedulers[i] = ops->id;
  for (const auto& [member, into] :
       {std::pair("attach_btf_id", &layout.type_of_methods), {"main_prog_aux", &layout.main_of_aux}})
    if (const auto found = btf.member("bpf_prog_aux", member)) *into = found->offset_bits / 8;
  return layout;
}

std::vector<BpfMethod> scheduler_methods(const Btf& btf) {
  std::vector<BpfMethod> methods;
  for (const char* const type : kSchedulerTypes)
    if (const auto ops = btf.find_struct(type)) add_methods(btf, *ops, methods);
  return methods;
}

std::vector<BpfFunction> bpf_functions(const control::GuestSpace& kernel, const BpfLayout& layout) {
  if (layout.symbols == 0) return {};
  return Walk(kernel, layout).all();
}

}  // namespace ktstr
