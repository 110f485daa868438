// SPDX-License-Identifier: Apache-2.0
#include "ktstr/topology.h"

#include <bit>
#include <charconv>

#include "topology/apic_ids.h"
#include "topology/presets.h"

namespace ktstr {

namespace {

constexpr int kMostCpus = kLastApicId + 1;

constexpr std::string_view kHowToWrite =
    "write NnNlNcNt (NUMA nodes, LLCs in all, cores per LLC, threads per core), for example 1n2l4c2t";

// Takes "12n" off the front of `rest`.
bool take_part(std::string_view& rest, char unit, int& value) {
  if (rest.empty() || rest.front() < '0' || rest.front() > '9') return false;
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc()) return false;
  rest.remove_prefix(static_cast<std::size_t>(stop - rest.data()));
  if (!rest.starts_with(unit)) return false;
  rest.remove_prefix(1);
  return true;
}

Error refuse(std::string_view text, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, "topology '{}': {}; {}", text, why, kHowToWrite);
}

// What is wrong with it; empty when nothing is.
std::string defect_of(const Topology& t) {
  const struct {
    int count;
    const char* what;
  } parts[] = {{t.numa_nodes, "NUMA nodes"},
               {t.llcs, "LLCs"},
               {t.cores_per_llc, "cores per LLC"},
               {t.threads_per_core, "threads per core"}};
  for (const auto& part : parts)
    if (part.count < 1) return fmt::format("{} {} are too few; at least 1", part.count, part.what);
  // Each factor is bounded before the product is taken, so that it cannot overflow.
  for (const auto& part : parts)
    if (part.count > kMostCpus) return fmt::format("{} {} are more than {}", part.count, part.what, kMostCpus);
  if (t.llcs % t.numa_nodes != 0)
    return fmt::format("{} LLCs cannot be split evenly over {} NUMA nodes", t.llcs, t.numa_nodes);
  if (t.cpus() > kMostCpus) return fmt::format("{} CPUs are more than {}", t.cpus(), kMostCpus);
  if (const std::uint32_t last = apic_ids(t).back(); last > kLastApicId)
    return fmt::format(
        "the last CPU's APIC id would be {}, and the guest's can be {} at most; ids are counted in powers of 2, so "
        "that {} cores "
        "per LLC take as many as {}",
        last, kLastApicId, t.cores_per_llc, std::bit_ceil(static_cast<unsigned>(t.cores_per_llc)));
  return {};
}

}  // namespace

Result<Topology> Topology::parse(std::string_view text) {
  if (const auto preset = find_preset(text)) return *preset;
  Topology topology;
  std::string_view rest = text;
  const bool well_formed = take_part(rest, 'n', topology.numa_nodes) && take_part(rest, 'l', topology.llcs) &&
                           take_part(rest, 'c', topology.cores_per_llc) &&
                           take_part(rest, 't', topology.threads_per_core) && rest.empty();
  if (!well_formed) return refuse(text, "it is not written as one");
  if (const std::string defect = defect_of(topology); !defect.empty()) return refuse(text, defect);
  return topology;
}

Status Topology::validate() const {
  if (const std::string defect = defect_of(*this); !defect.empty()) return refuse(to_string(), defect);
  return ok();
}

std::string Topology::to_string() const {
  return fmt::format("{}n{}l{}c{}t", numa_nodes, llcs, cores_per_llc, threads_per_core);
}

}  // namespace ktstr
