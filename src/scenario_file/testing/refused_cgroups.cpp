// SPDX-License-Identifier: Apache-2.0
//
// Refused: what is wrong with cgroups, their limits, and the time of steps.
#include <cmath>
#include <limits>

#include "scenario_file/testing/refused.h"

namespace ktstr::refused {

namespace {

using namespace std::chrono_literals;

Case named(std::string what, std::string name, const std::string& toml) {
  return {.what = std::move(what),
          .cpp = [name = std::move(name)] { return Scenario{.steps = {{.setup = {CgroupDef::named(name)}}}}; },
          .toml = fmt::format("[[cgroup]]\nname = {}\n", toml)};
}

// Two cgroups in one step.
Case both(std::string what, CgroupDef first, CgroupDef second, const std::string& lines) {
  return {
      .what = std::move(what),
      .cpp = [defs = std::vector{std::move(first), std::move(second)}] { return Scenario{.steps = {{.setup = defs}}}; },
      .toml = fmt::format("topology = '{}'\n{}\n", kTopology, lines)};
}

Case held(std::string what, HoldSpec hold, const std::string& toml) {
  return {.what = std::move(what),
          .cpp = [hold] { return Scenario{.steps = {Step::holding(hold)}}; },
          .toml = toml.empty() ? "" : fmt::format("topology = '{}'\n[[step]]\nhold = {}\n", kTopology, toml)};
}

Case bound(std::string what, std::function<CpusetSpec()> spec, const std::string& toml) {
  if (!spec) return in_cgroup(std::move(what), {}, "cpuset = " + toml);
  return in_cgroup(
      std::move(what), [spec = std::move(spec)](CgroupDef& a) { a.cpuset(spec()); },
      toml.empty() ? "" : "cpuset = " + toml);
}

Case knob(Knob which, const std::string& value, const std::string& line) {
  return in_cgroup(
      fmt::format("{} = {}", file_of(which), value), [which, value](CgroupDef& a) { a.set(which, value); }, line);
}

}  // namespace

std::vector<Case> names() {
  return {
      named("an empty name", "", "''"),
      named("a name from the root", "/a", "'/a'"),
      named("a name that ends in a slash", "a/", "'a/'"),
      named("a name with an empty component", "a//b", "'a//b'"),
      named("a dot", ".", "'.'"),
      named("a way upwards", "a/..", "'a/..'"),
      named("a control character", "a\nb", "\"a\\nb\""),
      named("a NUL", std::string("a\0b", 3), "\"a\\u0000b\""),
      named("a name of 201 bytes", std::string(201, 'x'), fmt::format("'{}'", std::string(201, 'x'))),
      {.what = "no name", .toml = "[[cgroup]]\nworkers = 1\n"},
      both("a name twice in a step", CgroupDef::named("a"), CgroupDef::named("a"),
           "[[cgroup]]\nname = 'a'\n[[cgroup]]\nname = 'a'"),
      {.what = "a name of the Backdrop",
       .cpp =
           [] {
             return Scenario{.backdrop = {.cgroups = {CgroupDef::named("a")}},
                             .steps = {{.setup = {CgroupDef::named("a")}}}};
           },
       .toml = fmt::format("topology = '{}'\n[backdrop]\n[[backdrop.cgroup]]\nname = 'a'\n[[step]]\n[[step.cgroup]]\n"
                           "name = 'a'\n",
                           kTopology)},
      both("a child of nobody", CgroupDef::named("b"), CgroupDef::named("a/inner"),
           "[[cgroup]]\nname = 'b'\n[[cgroup]]\nname = 'a/inner'"),
      both("a child of a cgroup with workers", CgroupDef::named("a"), CgroupDef::named("a/inner"),
           "[[cgroup]]\nname = 'a'\n[[cgroup]]\nname = 'a/inner'"),
  };
}

std::vector<Case> holds() {
  const std::string two =
      fmt::format("topology = '{}'\nduration = '300ms'\n[[step]]\nhold = '300ms'\n[[step]]\n", kTopology);
  return {
      held("a fraction of 0", HoldSpec::fraction(0), "0.0"),
      held("a negative fraction", HoldSpec::fraction(-0.5), "-0.5"),
      held("a fraction that is not a number", HoldSpec::fraction(std::nan("")), "nan"),
      held("an infinite fraction", HoldSpec::fraction(std::numeric_limits<double>::infinity()), "inf"),
      held("a negative time", HoldSpec::fixed(-1ms), "'-1ms'"),
      held("a loop without an interval", HoldSpec::loop(0ns), "{ loop = '0s' }"),
      {.what = "a fraction above 1", .toml = "[[step]]\nhold = 2.5\n"},
      {.what = "a step for which no time is left",
       .cpp =
           [] {
             return Scenario{.steps = {Step::holding(HoldSpec::fixed(300ms)), Step::holding(HoldSpec::full())},
                             .duration = 300ms};
           },
       .toml = two},
      {.what = "no steps", .cpp = [] { return Scenario{}; }, .toml = fmt::format("topology = '{}'\n", kTopology)},
      {.what = "no duration",
       .cpp = [] { return Scenario{.steps = {Step::holding(HoldSpec::full())}, .duration = 0ns}; },
       .toml = "duration = '0s'\n[[step]]\n"},
  };
}

std::vector<Case> cpusets() {
  return {
      bound(
          "an LLC that is not there", [] { return CpusetSpec::llc(2); }, "'llc:2'"),
      bound(
          "a node that is not there", [] { return CpusetSpec::node(2); }, "'node:2'"),
      bound(
          "CPUs that are not there",
          [] {
            return CpusetSpec::cpus({3, 4, 5});
          },
          "'3-5'"),
      bound(
          "no CPUs", [] { return CpusetSpec::cpus({}); }, "''"),
      bound(
          "a slice that is not there", [] { return CpusetSpec::slice(2, 2); }, "'slice:2/2'"),
      bound(
          "more slices than CPUs", [] { return CpusetSpec::slice(0, 5); }, "'slice:0/5'"),
      bound(
          "no slices", [] { return CpusetSpec::slice(0, 0); }, "'slice:0/0'"),
      bound(
          "no CPUs at random", [] { return CpusetSpec::random(0); }, "'random:0'"),
      bound(
          "more CPUs at random than there are", [] { return CpusetSpec::random(5); }, "'random:5'"),
      bound(
          "a range that ends before it starts", [] { return CpusetSpec::range(0.5, 0.25); }, "'range:0.5-0.25'"),
      bound(
          "a range beyond the end", [] { return CpusetSpec::range(0.5, 1.5); }, "'range:0.5-1.5'"),
      bound(
          "a range that is not a number", [] { return CpusetSpec::range(std::nan(""), 1); }, "'range:nan-1'"),
      bound(
          "a range without a CPU", [] { return CpusetSpec::range(0, 0.1); }, "'range:0-0.1'"),
      bound(
          "a part that is not there", [] { return CpusetSpec::disjoint(3, 3); }, "'disjoint:3/3'"),
      bound(
          "more parts than usable CPUs", [] { return CpusetSpec::disjoint(0, 4); }, "'disjoint:0/4'"),
      bound(
          "no parts", [] { return CpusetSpec::disjoint(0, 0); }, "'disjoint:0/0'"),
      bound(
          "an overlap above 1", [] { return CpusetSpec::overlap(0, 2, 1.5); }, "'overlap:0/2:1.5'"),
      bound(
          "an overlap that is not a number", [] { return CpusetSpec::overlap(0, 2, std::nan("")); },
          "'overlap:0/2:nan'"),
      bound("no form of a cpuset", {}, "'llcs'"),
  };
}

std::vector<Case> limits() {
  return {
      knob(Knob::kCpusetMems, "x", "cpuset_mems = 'x'"),
      knob(Knob::kCpusetExclusive, "3-1", "cpuset_exclusive = '3-1'"),
      knob(Knob::kCpusetPartition, "other", "cpuset_partition = 'other'"),
      knob(Knob::kCpuMax, "much", "cpu_max = 'much'"),
      knob(Knob::kCpuMax, "50000 5", "cpu_max = '50000 5'"),
      knob(Knob::kCpuMaxBurst, "-1", "cpu_quota_pct = 50\ncpu_burst = '5ns'"),
      knob(Knob::kCpuWeight, "0", "cpu_weight = 0"),
      knob(Knob::kCpuWeight, "10001", "cpu_weight = 10001"),
      knob(Knob::kCpuIdle, "2", "cpu_idle = 2"),
      knob(Knob::kUclampMin, "101", "uclamp_min = 101"),
      knob(Knob::kUclampMax, "-1", "uclamp_max = -1"),
      knob(Knob::kMemoryMax, "64Q", "memory_max = '64Q'"),
      knob(Knob::kMemoryHigh, "", "memory_high = ''"),
      knob(Knob::kMemoryLow, "-1", "memory_low = '-1'"),
      knob(Knob::kMemoryMin, "1.5M", "memory_min = true"),
      knob(Knob::kMemorySwapMax, "none", "memory_swap_max = 'none'"),
      knob(Knob::kMemoryOomGroup, "yes", "memory_oom_group = 'yes'"),
      knob(Knob::kIoWeight, "10001", "io_weight = 10001"),
      knob(Knob::kIoMax, "fast", "io_max = 'fast'"),
      knob(Knob::kIoMax, "8:0 rbps=0", "io_max = '8:0 rbps=0'"),
      knob(Knob::kPidsMax, "0", "pids_max = 0"),
      in_cgroup(
          "a quota of 0%", [](CgroupDef& a) { a.cpu_quota_pct(0); }, "cpu_quota_pct = 0"),
      in_cgroup(
          "a quota of half a millisecond", [](CgroupDef& a) { a.cpu_quota(500us, 100ms); }, "cpu_quota = '500us'"),
      in_cgroup(
          "a period of two seconds", [](CgroupDef& a) { a.cpu_quota(50ms, 2s); },
          "cpu_quota = '50ms'\ncpu_period = '2s'"),
      in_cgroup("a period without a quota", {}, "cpu_period = '10ms'"),
      in_cgroup(
          "a burst without a quota", [](CgroupDef& a) { a.cpu_burst(10ms); }, "cpu_burst = '10ms'"),
      in_cgroup("no limit that is spelt so", {}, "cpu_wight = 5"),
  };
}

}  // namespace ktstr::refused
