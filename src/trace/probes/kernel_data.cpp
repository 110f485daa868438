// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/kernel_data.h"

#include <algorithm>
#include <map>

#include "trace/events.h"
#include "trace/probes/data_members.h"

namespace ktstr {

namespace {

constexpr std::uint64_t kLargestVariable = 1 << 20;
constexpr std::uint32_t kFirstOfKernel = 1'000'000;  // DataSeen::number; those of maps are below
constexpr std::uint64_t kMostMembersOfVariable = 10'000;
constexpr std::string_view kPerCpuSection = ".data..percpu";

bool is_variable(char type) { return std::string_view("dDbBrRvV").find(type) != std::string_view::npos; }

}  // namespace

Result<KernelData> KernelData::of(const KernelSymbols& symbols, const Btf& btf) {
  const auto offsets = symbols.find("__per_cpu_offset"), first = symbols.find("__per_cpu_start"),
             last = symbols.find("__per_cpu_end");
  if (!offsets || !first || !last || first->address >= last->address)
    return fail(ErrorCode::kNotFound, "this kernel does not say where its per-CPU variables are");
  std::map<std::string_view, BtfTypeId> types;
  if (const auto section = btf.find(kPerCpuSection, BtfKind::kDatasec))
    for (const BtfMember& variable : btf.variables_of(*section)) types[variable.name] = variable.type;
  KernelData made;
  made.btf_ = &btf;
  made.per_cpu_offset_ = offsets->address;
  // A variable of its own, up to 6.14 a member of another.
  if (const auto count = symbols.find("__preempt_count"))
    made.preempt_count_ = count->address;
  else if (const auto hot = symbols.find("pcpu_hot"); hot && btf.find_struct("pcpu_hot"))
    if (const auto member = btf.member("pcpu_hot", "preempt_count"))
      made.preempt_count_ = hot->address + member->offset_bits / 8;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const Symbol one = symbols[i];
    const bool per_cpu = first->address <= one.address && one.address < last->address;
    // Up to 6.14 symbols of per-CPU variables are absolute.
    if (!is_variable(one.type) && !(per_cpu && one.type == 'A')) continue;
    if (one.name == first->name) continue;
    const auto next = symbols.after(one.address);
    if (!next || next->address - one.address > kLargestVariable) continue;
    Variable variable{one.address, next->address, std::string(one.name), 0};
    if (per_cpu)
      if (const auto type = types.find(one.name); type != types.end()) variable.type = type->second;
    std::vector<Variable>& all = per_cpu ? made.per_cpu_ : made.global_;
    // Of several names at one address the one with a type, else the first.
    if (!all.empty() && all.back().start == variable.start) {
      if (all.back().type == 0 && variable.type != 0) all.back() = std::move(variable);
      continue;
    }
    all.push_back(std::move(variable));
  }
  return made;
}

void KernelData::find_cpus(const control::GuestSpace& kernel, int cpus) {
  offsets_.clear();
  for (int cpu = 0; cpu < cpus; ++cpu)
    if (const auto offset = kernel.load(per_cpu_offset_ + 8 * static_cast<std::uint64_t>(cpu), 8))
      offsets_.push_back(*offset);
}

std::vector<std::uint64_t> KernelData::preempt_counts() const {
  std::vector<std::uint64_t> counts;
  if (preempt_count_ == 0) return counts;
  for (const std::uint64_t offset : offsets_) counts.push_back(preempt_count_ + offset);
  return counts;
}

const KernelData::Variable* KernelData::at(const std::vector<Variable>& all, std::uint64_t address) {
  const auto after = std::upper_bound(all.begin(), all.end(), address,
                                      [](std::uint64_t wanted, const Variable& one) { return wanted < one.start; });
  return after != all.begin() && address < (after - 1)->end ? &*(after - 1) : nullptr;
}

std::vector<TraceEvent> KernelData::seen_at(std::uint64_t time_ns, std::uint64_t address) {
  if (const Variable* const variable = at(global_, address))
    return named(time_ns, per_cpu_.size() + static_cast<std::size_t>(variable - global_.data()), *variable, 0, 0);
  for (const std::uint64_t offset : offsets_)
    if (const Variable* const variable = at(per_cpu_, address - offset))
      return named(time_ns, static_cast<std::size_t>(variable - per_cpu_.data()), *variable, offset,
                   variable->end - variable->start);
  return {};
}

std::vector<TraceEvent> KernelData::named(std::uint64_t time_ns, std::size_t number, const Variable& variable,
                                          std::uint64_t offset, std::uint64_t element) {
  std::vector<TraceEvent> events;
  if (!known_.emplace(number, offset).second) return events;
  trace::DataSeen seen{.number = kFirstOfKernel + static_cast<std::uint32_t>(number),
                       .start = variable.start + offset,
                       .bytes = variable.end - variable.start,
                       .element = element,
                       .name = {}};
  put_text(variable.name, seen.name);
  events.push_back(make_event(time_ns, 0, seen));
  if (variable.type == 0 || !members_known_.insert(number).second) return events;
  std::uint64_t budget = kMostMembersOfVariable;
  for (const trace::MemberSeen& member : members_in(*btf_, variable.type, seen.number, budget))
    events.push_back(make_event(time_ns, 0, member));
  return events;
}

}  // namespace ktstr
