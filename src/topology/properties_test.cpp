// SPDX-License-Identifier: Apache-2.0
//
// CPU sets of all presets against an oracle that asks of each CPU by itself whether the definition takes it in.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "ktstr/cpuset.h"
#include "topology/presets.h"

namespace ktstr {
namespace {

TopologyPreset any_preset() {
  const auto presets = topology_presets();
  return presets[*rc::gen::inRange<std::size_t>(0, presets.size())];
}

// The CPUs of `candidates` at whose place `takes` is true.
template <typename Takes>
CpuSet oracle(const CpuSet& candidates, Takes takes) {
  CpuSet taken;
  std::size_t place = 0;
  for (const Cpu cpu : candidates)
    if (takes(place++)) taken.add(cpu);
  return taken;
}

void same(const Result<CpuSet>& seen, const CpuSet& expected) {
  if (expected.empty()) {
    RC_ASSERT(!seen);
    return;
  }
  RC_ASSERT(seen.has_value());
  RC_ASSERT(seen->to_string() == expected.to_string());
}

RC_GTEST_PROP(CpusetProperties, ARangeHoldsTheCpusWhosePlaceIsBetweenItsEnds, ()) {
  const TestTopology machine = TestTopology::expected_for(any_preset().topology);
  const double start = *rc::gen::inRange(0, 100) / 100.0, end = *rc::gen::inRange(1, 101) / 100.0;
  RC_PRE(start < end);
  const CpuSet usable = machine.usable_cpus();
  const double n = static_cast<double>(usable.size());
  same(CpusetSpec::range(start, end).resolve(machine), oracle(usable, [&](std::size_t place) {
         return static_cast<double>(place) >= std::floor(n * start) && static_cast<double>(place) < std::floor(n * end);
       }));
}

RC_GTEST_PROP(CpusetProperties, DisjointPartsCoverTheUsableCpusOnceEach, ()) {
  const TestTopology machine = TestTopology::expected_for(any_preset().topology);
  const CpuSet usable = machine.usable_cpus();
  const int of = *rc::gen::inRange(1, static_cast<int>(usable.size()) + 1);
  CpuSet all;
  std::size_t sum = 0;
  for (int i = 0; i < of; ++i) {
    const auto part = CpusetSpec::disjoint(i, of).resolve(machine);
    RC_ASSERT(part.has_value());
    RC_ASSERT(i + 1 == of || part->size() == usable.size() / static_cast<std::size_t>(of));
    sum += part->size();
    all = all.union_with(*part);
  }
  RC_ASSERT(sum == usable.size());
  RC_ASSERT(all == usable);
}

RC_GTEST_PROP(CpusetProperties, AnOverlapIsADisjointPartAndItsNeighboursNearestCpus, ()) {
  const TestTopology machine = TestTopology::expected_for(any_preset().topology);
  const CpuSet usable = machine.usable_cpus();
  const int n = static_cast<int>(usable.size());
  const int of = *rc::gen::inRange(1, n + 1), index = *rc::gen::inRange(0, of);
  const double fraction = *rc::gen::inRange(0, 101) / 100.0;
  const int chunk = n / of, wider = static_cast<int>(std::floor(chunk * fraction));
  const auto part_of = [&](int place) { return std::min(place / chunk, of - 1); };
  same(CpusetSpec::overlap(index, of, fraction).resolve(machine), oracle(usable, [&](std::size_t at) {
         const int place = static_cast<int>(at);
         if (part_of(place) == index) return true;
         const int before = index * chunk - place, after = place - ((index + 1) * chunk - 1);
         return (before > 0 && before <= wider) || (index < of - 1 && after > 0 && after <= wider);
       }));
}

RC_GTEST_PROP(CpusetProperties, SlicesCoverAllCpusAndDifferByOneAtMost, ()) {
  const TestTopology machine = TestTopology::expected_for(any_preset().topology);
  const int of = *rc::gen::inRange(1, static_cast<int>(machine.cpus.size()) + 1);
  CpuSet all;
  std::size_t least = machine.cpus.size(), most = 0, sum = 0;
  for (int i = 0; i < of; ++i) {
    const auto part = CpusetSpec::slice(i, of).resolve(machine);
    RC_ASSERT(part.has_value());
    least = std::min(least, part->size());
    most = std::max(most, part->size());
    sum += part->size();
    all = all.union_with(*part);
  }
  RC_ASSERT(all == machine.cpus);
  RC_ASSERT(sum == all.size());
  RC_ASSERT(most - least <= 1u);
}

RC_GTEST_PROP(CpusetProperties, LlcsAndNodesPartitionTheMachine, ()) {
  const Topology topology = any_preset().topology;
  const TestTopology machine = TestTopology::expected_for(topology);
  CpuSet by_llc, by_node;
  for (int i = 0; i < topology.llcs; ++i) {
    const auto cpus = CpusetSpec::llc(i).resolve(machine);
    RC_ASSERT(cpus.has_value());
    RC_ASSERT(cpus->size() == static_cast<std::size_t>(topology.cores_per_llc * topology.threads_per_core));
    RC_ASSERT(by_llc.intersection(*cpus).empty());
    by_llc = by_llc.union_with(*cpus);
  }
  for (int i = 0; i < topology.numa_nodes; ++i) by_node = by_node.union_with(*CpusetSpec::node(i).resolve(machine));
  RC_ASSERT(by_llc == machine.cpus);
  RC_ASSERT(by_node == machine.cpus);
  RC_ASSERT(!CpusetSpec::llc(topology.llcs).resolve(machine));
  RC_ASSERT(!CpusetSpec::node(topology.numa_nodes).resolve(machine));
}

// Of any number of digits, so that exponents are tempting.
double any_fraction() {
  const auto mantissa = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 53);
  return std::ldexp(static_cast<double>(mantissa), -53 - *rc::gen::inRange(0, 1022));
}

RC_GTEST_PROP(CpusetProperties, TheTextOfASpecReadsBackAsTheSame, ()) {
  const int of = *rc::gen::inRange(1, 300), index = *rc::gen::inRange(0, of);
  const double start = any_fraction(), end = any_fraction();
  RC_PRE(start < end);
  for (const CpusetSpec& spec :
       {CpusetSpec::range(start, end), CpusetSpec::range(0, end), CpusetSpec::overlap(index, of, start),
        CpusetSpec::disjoint(index, of), CpusetSpec::slice(index, of), CpusetSpec::random(of), CpusetSpec::llc(index),
        CpusetSpec::node(index), CpusetSpec::cpus({index, of}), CpusetSpec::all()}) {
    const auto back = CpusetSpec::parse(spec.to_text());
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == spec);
  }
}

RC_GTEST_PROP(QueryProperties, NodesAndLlcsAnswerForEachCpuByItself, ()) {
  const Topology topology = any_preset().topology;
  const TestTopology machine = TestTopology::expected_for(topology);
  const int per_llc = topology.cores_per_llc * topology.threads_per_core;
  CpuSet some;
  for (const Cpu cpu : machine.cpus)
    if (*rc::gen::inRange(0, 4) == 0) some.add(cpu);
  CpuSet nodes, llcs;
  for (const Cpu cpu : some) {
    llcs.add(cpu / per_llc);
    nodes.add(cpu / per_llc / topology.llcs_per_node());
  }
  RC_ASSERT(machine.nodes_of(some) == nodes);
  RC_ASSERT(machine.node_ids() == CpuSet::range(0, topology.numa_nodes - 1));
  const std::vector<CpuSet> parts = machine.split_by_llc(some);
  RC_ASSERT(parts.size() == (some.empty() ? machine.llcs.size() : llcs.size()));
  CpuSet all;
  for (const CpuSet& part : parts) {
    RC_ASSERT(!part.empty());
    for (const Cpu cpu : part) RC_ASSERT(machine.llc_of(cpu) == part.first() / per_llc);
    RC_ASSERT(all.intersection(part).empty());
    all = all.union_with(part);
  }
  RC_ASSERT(all == (some.empty() ? machine.cpus : some));
}

RC_GTEST_PROP(QueryProperties, DistancesAreTheKernelsWithoutASlit, ()) {
  const Topology topology = any_preset().topology;
  const TestTopology machine = TestTopology::expected_for(topology);
  const NumaNode a = *rc::gen::inRange(-1, topology.numa_nodes + 1), b = *rc::gen::inRange(-1, topology.numa_nodes + 1);
  const bool both = machine.node_ids().contains(a) && machine.node_ids().contains(b);
  RC_ASSERT(machine.numa_distance(a, b) == (!both ? 255 : a == b ? 10 : 20));
  RC_ASSERT(machine.node_cpus(a).empty() == !machine.node_ids().contains(a));
  RC_ASSERT(!machine.is_memory_only(a));
  for (const Cpu cpu : machine.node_cpus(a)) RC_ASSERT(machine.node_of(cpu) == a);
}

RC_GTEST_PROP(QueryProperties, OverlappingCpusetsAreTheSpecsAndCoverTheUsableCpus, ()) {
  const TestTopology machine = TestTopology::expected_for(any_preset().topology);
  const int usable = static_cast<int>(machine.usable_cpus().size());
  const int n = *rc::gen::inRange(0, usable + 2);
  const double fraction = *rc::gen::inRange(0, 101) / 100.0;
  const auto parts = machine.overlapping_cpusets(n, fraction);
  RC_ASSERT(parts.has_value() == (n >= 1 && n <= usable));
  if (!parts) return;
  RC_ASSERT(parts->size() == static_cast<std::size_t>(n));
  CpuSet all;
  for (int i = 0; i < n; ++i) {
    const CpuSet& part = (*parts)[static_cast<std::size_t>(i)];
    RC_ASSERT(part == *CpusetSpec::overlap(i, n, fraction).resolve(machine));
    all = all.union_with(part);
  }
  RC_ASSERT(all == machine.usable_cpus());
  RC_ASSERT(!machine.overlapping_cpusets(std::max(n, 1), 1.5).has_value());
}

RC_GTEST_PROP(AffinityProperties, NothingIsOutsideTheCpusetAndTheSameArgumentsGiveTheSame, (std::uint64_t seed)) {
  const TestTopology machine = TestTopology::expected_for(any_preset().topology);
  const auto cpuset =
      CpusetSpec::random(*rc::gen::inRange(1, static_cast<int>(machine.cpus.size()) + 1)).resolve(machine, seed);
  RC_ASSERT(cpuset.has_value());
  const int index = *rc::gen::inRange(0, 64), count = *rc::gen::inRange(1, 20);
  for (const AffinityIntent& intent : {AffinityIntent::random_subset(count), AffinityIntent::llc_aligned(),
                                       AffinityIntent::single_cpu(), AffinityIntent::smt_sibling_pair()}) {
    const auto cpus = intent.resolve(machine, *cpuset, index, seed);
    if (!cpus) {
      RC_ASSERT(intent == AffinityIntent::smt_sibling_pair());
      continue;
    }
    RC_ASSERT((*cpus)->is_subset_of(*cpuset));
    RC_ASSERT(!(*cpus)->empty());
    RC_ASSERT(**cpus == **intent.resolve(machine, *cpuset, index, seed));
    if (intent == AffinityIntent::random_subset(count))
      RC_ASSERT((*cpus)->size() == std::min(static_cast<std::size_t>(count), cpuset->size()));
  }
}

RC_GTEST_PROP(CpuSetProperties, AListReadsBackAsItself, (const std::set<std::uint16_t>& numbers)) {
  CpuSet cpus;
  for (const std::uint16_t number : numbers) cpus.add(number % 4096);
  const auto read = CpuSet::parse(cpus.to_string());
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == cpus);
  RC_ASSERT(CpuSet::parse_lenient(cpus.to_string()) == cpus);
}

RC_GTEST_PROP(CpuSetProperties, WhatIsNoPartOfAListOnlyTakesItselfAway, (const std::set<std::uint16_t>& numbers)) {
  std::string list;
  CpuSet cpus;
  for (const std::uint16_t number : numbers) {
    const bool bad = *rc::gen::arbitrary<bool>();
    list += fmt::format("{}{} ,", bad ? "cpu" : "", number % 4096);
    if (!bad) cpus.add(number % 4096);
  }
  RC_ASSERT(CpuSet::parse_lenient(list) == cpus);
}

TEST(Presets, AreMachinesThatAGuestCanBeAndAreFoundByName) {
  for (const TopologyPreset& preset : topology_presets()) {
    EXPECT_TRUE(preset.topology.validate()) << preset.name;
    EXPECT_EQ(find_preset(preset.name), preset.topology);
    EXPECT_EQ(*Topology::parse(preset.name), preset.topology);
  }
  EXPECT_EQ(find_preset("nothing"), std::nullopt);
}

}  // namespace
}  // namespace ktstr
