// SPDX-License-Identifier: Apache-2.0
#include "ktstr/cpuset.h"

#include <algorithm>
#include <cmath>

#include "base/splitmix.h"

namespace ktstr {

namespace {

Status check_part(int index, int of) {
  if (of < 1) return fail(ErrorCode::kInvalidArgument, "CPUs cannot be cut into {} parts; at least 1", of);
  if (index < 0 || index >= of)
    return fail(ErrorCode::kInvalidArgument, "there is no part {} of {}; parts are counted from 0", index, of);
  return ok();
}

Status check_random(int count) {
  if (count >= 1) return ok();
  return fail(ErrorCode::kInvalidArgument, "{} CPUs cannot be chosen; at least 1", count);
}

std::string count_of(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

Result<CpuSet> llc_cpus(int index, const TestTopology& topology) {
  const std::size_t llcs = topology.llcs.size();
  if (index < 0 || static_cast<std::size_t>(index) >= llcs)
    return fail(ErrorCode::kInvalidArgument, "there is no LLC {}: the machine has {}, counted from 0", index,
                count_of(llcs, "LLC"));
  return topology.llc_cpus(index);
}

Result<CpuSet> node_cpus(int id, const TestTopology& topology) {
  CpuSet ids;
  for (const auto& node : topology.nodes) {
    ids.add(node.id);
    if (node.id != id) continue;
    if (node.cpus.empty()) return fail(ErrorCode::kInvalidArgument, "NUMA node {} has memory only, no CPUs", id);
    return node.cpus;
  }
  return fail(ErrorCode::kInvalidArgument, "there is no NUMA node {}: the machine has {} ({})", id,
              count_of(ids.size(), "node"), ids.to_string());
}

Result<CpuSet> exact_cpus(const CpuSet& cpus, const TestTopology& topology) {
  if (cpus.empty())
    return fail(ErrorCode::kInvalidArgument, "an empty list of CPUs; leave the cpuset out for all CPUs");
  const CpuSet missing = cpus.minus(topology.cpus);
  if (!missing.empty())
    return fail(ErrorCode::kInvalidArgument, "there is no CPU {}: the machine has {} ({})", missing.to_string(),
                count_of(topology.cpus.size(), "CPU"), topology.cpus.to_string());
  return cpus;
}

Result<CpuSet> slice_cpus(int index, int of, const TestTopology& topology) {
  KTSTR_TRY(check_part(index, of));
  const auto cpus = static_cast<std::int64_t>(topology.cpus.size());
  if (of > cpus)
    return fail(ErrorCode::kInvalidArgument, "{} cannot be cut into {} parts: some would be empty",
                count_of(topology.cpus.size(), "CPU"), of);
  CpuSet part;
  const auto first = std::next(topology.cpus.begin(), cpus * index / of);
  const auto last = std::next(topology.cpus.begin(), cpus * (index + 1) / of);
  std::for_each(first, last, [&part](Cpu cpu) { part.add(cpu); });
  return part;
}

// Fisher and Yates's shuffle, as far as it is needed.
Result<CpuSet> random_cpus(int count, const TestTopology& topology, std::uint64_t seed) {
  KTSTR_TRY(check_random(count));
  const auto wanted = static_cast<std::size_t>(count);
  std::vector<Cpu> left(topology.cpus.begin(), topology.cpus.end());
  if (wanted > left.size())
    return fail(ErrorCode::kInvalidArgument, "{} CPUs cannot be chosen: the machine has {}", count,
                count_of(left.size(), "CPU"));
  CpuSet chosen;
  for (std::size_t i = 0; i < wanted; ++i) {
    std::swap(left[i], left[i + pick_up_to(splitmix64(seed + i), left.size() - 1 - i)]);
    chosen.add(left[i]);
  }
  return chosen;
}

}  // namespace

CpusetSpec CpusetSpec::all() { return CpusetSpec(All{}); }
CpusetSpec CpusetSpec::llc(int index) { return CpusetSpec(Llc{index}); }
CpusetSpec CpusetSpec::node(int index) { return CpusetSpec(Node{index}); }
CpusetSpec CpusetSpec::cpus(CpuSet exact) { return CpusetSpec(Exact{std::move(exact)}); }
CpusetSpec CpusetSpec::slice(int index, int of) { return CpusetSpec(Slice{index, of}); }
CpusetSpec CpusetSpec::random(int count) { return CpusetSpec(Random{count}); }
CpusetSpec CpusetSpec::range(double start, double end) { return CpusetSpec(Range{start, end}); }
CpusetSpec CpusetSpec::disjoint(int index, int of) { return CpusetSpec(Disjoint{index, of}); }
CpusetSpec CpusetSpec::overlap(int index, int of, double fraction) {
  return CpusetSpec(Overlap{index, of, fraction});
}

Status CpusetSpec::validate() const {
  if (const auto* slice = std::get_if<Slice>(&kind_)) return check_part(slice->index, slice->of);
  if (const auto* random = std::get_if<Random>(&kind_)) return check_random(random->count);
  return ok();
}

Result<CpuSet> CpusetSpec::resolve(const TestTopology& topology, std::uint64_t seed) const {
  if (const auto* llc = std::get_if<Llc>(&kind_)) return llc_cpus(llc->index, topology);
  if (const auto* node = std::get_if<Node>(&kind_)) return node_cpus(node->index, topology);
  if (const auto* exact = std::get_if<Exact>(&kind_)) return exact_cpus(exact->cpus, topology);
  if (const auto* slice = std::get_if<Slice>(&kind_)) return slice_cpus(slice->index, slice->of, topology);
  if (const auto* random = std::get_if<Random>(&kind_)) return random_cpus(random->count, topology, seed);
  return topology.cpus;
}

std::string CpusetSpec::describe() const {
  if (const auto* llc = std::get_if<Llc>(&kind_)) return fmt::format("llc({})", llc->index);
  if (const auto* node = std::get_if<Node>(&kind_)) return fmt::format("node({})", node->index);
  if (const auto* exact = std::get_if<Exact>(&kind_)) return fmt::format("cpus({})", exact->cpus.to_string());
  if (const auto* slice = std::get_if<Slice>(&kind_)) return fmt::format("slice({}/{})", slice->index, slice->of);
  if (const auto* random = std::get_if<Random>(&kind_)) return fmt::format("random({})", random->count);
  return "all";
}

Result<CpusetSpec> CpusetSpec::parse(std::string_view text) {
  if (text == "all") return all();
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    if (auto list = CpuSet::parse(text); list && !list->empty()) return cpus(*std::move(list));
  }
  return fail(ErrorCode::kInvalidArgument, "'{}' is no cpuset", text);
}

}  // namespace ktstr
