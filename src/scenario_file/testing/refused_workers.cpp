// SPDX-License-Identifier: Apache-2.0
//
// Refused: what is wrong with workers, their policies, and ops on them.
#include <cmath>

#include "scenario_file/testing/refused.h"

namespace ktstr::refused {

namespace {

using namespace std::chrono_literals;

Case clamped(std::string what, int min, int max, const std::string& lines) {
  return in_cgroup(
      std::move(what), [min, max](CgroupDef& a) { a.work({.uclamp_min = min, .uclamp_max = max}); }, lines);
}

Case scheduled(std::string what, SchedPolicy policy, const std::string& toml) {
  return in_cgroup(
      std::move(what), [policy](CgroupDef& a) { a.sched_policy(policy); }, toml.empty() ? "" : "policy = " + toml);
}

Case remembered(std::string what, MemPolicy policy, const std::string& toml) {
  return in_cgroup(
      std::move(what), [policy = std::move(policy)](CgroupDef& a) { a.cpuset(CpusetSpec::node(0)).mem_policy(policy); },
      toml.empty() ? "" : "cpuset = 'node:0'\nmem_policy = " + toml);
}

Case pinned(std::string what, std::function<AffinityIntent()> intent, const std::string& toml) {
  return in_cgroup(std::move(what),
                   intent ? std::function([intent](CgroupDef& a) { a.cpuset(CpusetSpec::llc(0)).affinity(intent()); })
                          : std::function<void(CgroupDef&)>(),
                   "cpuset = 'llc:0'\naffinity = " + toml);
}

}  // namespace

std::vector<Case> workers() {
  return {
      in_cgroup(
          "no workers", [](CgroupDef& a) { a.workers(0); }, ""),
      in_cgroup(
          "less than no workers", [](CgroupDef& a) { a.workers(-1); }, "workers = -1"),
      in_cgroup(
          "too many workers", [](CgroupDef& a) { a.workers(4097); }, "workers = 4097"),
      in_cgroup(
          "no workers in a group", [](CgroupDef& a) { a.work({.workers = 0}); },
          "[[cgroup.work]]\ntype = 'SpinWait'\nworkers = 0"),
      in_cgroup(
          "a share of 0", [](CgroupDef& a) { a.workers_pct(0); }, "workers_pct = 0"),
      in_cgroup(
          "a share that is not a number", [](CgroupDef& a) { a.workers_pct(std::nan("")); }, "workers_pct = nan"),
      in_cgroup(
          "a share of too many", [](CgroupDef& a) { a.workers_pct(2000); }, "workers_pct = 2000"),
      in_cgroup(
          "a number and a share", [](CgroupDef& a) { a.workers(2).workers_pct(1); }, "workers = 2\nworkers_pct = 1"),
      in_cgroup(
          "too nice", [](CgroupDef& a) { a.nice(20); }, "nice = 20"),
      in_cgroup(
          "not nice enough", [](CgroupDef& a) { a.nice(-21); }, "nice = -21"),
      in_cgroup(
          "an empty comm", [](CgroupDef& a) { a.comm(""); }, "comm = ''"),
      in_cgroup(
          "a comm of 16 bytes", [](CgroupDef& a) { a.comm("sixteen-bytes-xx"); }, "comm = 'sixteen-bytes-xx'"),
      in_cgroup(
          "a comm with a NUL", [](CgroupDef& a) { a.comm(std::string("a\0b", 3)); }, "comm = \"a\\u0000b\""),
      in_cgroup(
          "an empty pcomm", [](CgroupDef& a) { a.pcomm(""); }, "pcomm = ''"),
      in_cgroup(
          "a pcomm of 16 bytes", [](CgroupDef& a) { a.pcomm("sixteen-bytes-xx"); }, "pcomm = 'sixteen-bytes-xx'"),
      in_cgroup(
          "threads of one process with two uids",
          [](CgroupDef& a) { a.no_workers().pcomm("web").work({.uid = 1}).work({.uid = 2}); },
          "pcomm = 'web'\n[[cgroup.work]]\ntype = 'SpinWait'\nuid = 1\n[[cgroup.work]]\ntype = 'SpinWait'\nuid = 2"),
      in_cgroup("a uid that nobody has", {}, "uid = -1"),
      in_cgroup("a gid that nobody has", {}, "gid = 4294967295"),
      in_cgroup(
          "a NUMA node that is not there", [](CgroupDef& a) { a.numa_node(2); }, "numa_node = 2"),
      clamped("a clamp upside down", 600, 500, "task_uclamp_min = 600\ntask_uclamp_max = 500"),
      clamped("a clamp above all", 0, 1025, "task_uclamp_max = 1025"),
      in_cgroup(
          "bursts of no length", [](CgroupDef& a) { a.work_type(Bursty{.burst = 0ns}); },
          "work = { type = 'Bursty', burst = '0s' }"),
      in_cgroup(
          "no spins", [](CgroupDef& a) { a.work_type(Mixed{.spins = 0}); }, "work = { type = 'Mixed', spins = 0 }"),
      in_cgroup(
          "half a pair", [](CgroupDef& a) { a.workers(3).work_type(PipeIo{}); }, "workers = 3\nwork = 'PipeIo'"),
      in_cgroup("no work type", {}, "work = 'SpinWeight'"),
      in_cgroup("no parameter of a work type", {}, "work = { type = 'Mixed', spin = 5 }"),
  };
}

std::vector<Case> policies() {
  constexpr unsigned kStatic = MemPolicy::kStaticNodes, kRelative = MemPolicy::kRelativeNodes;
  return {
      scheduled("a real-time priority of 0", SchedPolicy::fifo(0), "'fifo:0'"),
      scheduled("a real-time priority of 100", SchedPolicy::rr(100), "'rr:100'"),
      scheduled("a priority for those who have none", {.kind = SchedPolicy::Kind::kBatch, .priority = 5}, "'batch:5'"),
      scheduled("a runtime above its deadline", SchedPolicy::deadline_of(5ms, 2ms, 10ms),
                "{ runtime = '5ms', deadline = '2ms', period = '10ms' }"),
      scheduled("a deadline above its period", SchedPolicy::deadline_of(1ms, 20ms, 10ms),
                "{ runtime = '1ms', deadline = '20ms', period = '10ms' }"),
      scheduled("a runtime that is too short", SchedPolicy::deadline_of(1us, 2ms, 10ms),
                "{ runtime = '1us', deadline = '2ms', period = '10ms' }"),
      remembered("unknown bits", MemPolicy::bind({0}).with_flags(1), "{ policy = 'bind:0', flags = ['statik'] }"),
      remembered("static and relative", MemPolicy::bind({0}).with_flags(kStatic | kRelative),
                 "{ policy = 'bind:0', flags = ['static', 'relative'] }"),
      remembered("a static node that the machine lacks", MemPolicy::bind({5}).with_flags(kStatic),
                 "{ policy = 'bind:5', flags = ['static'] }"),
      remembered("a node that the cpuset does not cover", MemPolicy::bind({1}), "'bind:1'"),
      pinned(
          "no CPUs at random for a worker", [] { return AffinityIntent::random_subset(0); }, "'random:0'"),
      pinned(
          "an affinity outside of the cpuset",
          [] {
            return AffinityIntent::exact({2, 3});
          },
          "'2-3'"),
      pinned(
          "siblings without SMT", [] { return AffinityIntent::smt_sibling_pair(); }, "'smt-pair'"),
      pinned("no form of an affinity", {}, "'some'"),
  };
}

std::vector<Case> worker_ops() {
  WorkSpec none{.workers = 0}, share{.workers_pct = 0.5};
  return {
      of_one_op("a spawn of nobody", Op::spawn_workers("a", none),
                "op = 'spawn'\ncgroup = 'a'\nwork = { type = 'SpinWait', workers = 0 }"),
      of_one_op("a share of workers outside", Op::spawn_host(share),
                "op = 'spawn'\ncgroup = ''\nwork = { type = 'SpinWait', workers_pct = 0.5 }"),
      of_one_op("a spawn into a cgroup that is not there", Op::spawn_workers("c", {}),
                "op = 'spawn'\ncgroup = 'c'\nwork = 'SpinWait'"),
      of_one_op("a nice value for them", Op::set_nice("a", 20), "op = 'set_nice'\ncgroup = 'a'\nnice = 20"),
      of_one_op("a policy for them", Op::set_policy("a", SchedPolicy::fifo(0)),
                "op = 'set_policy'\ncgroup = 'a'\npolicy = 'fifo:0'"),
      of_one_op("a clamp for them", Op::set_uclamp("a", 9, 8), "op = 'set_uclamp'\ncgroup = 'a'\nmin = 9\nmax = 8"),
      of_one_op("an affinity for them", Op::set_affinity("a", AffinityIntent::exact({9})),
                "op = 'set_affinity'\ncgroup = 'a'\naffinity = '9'"),
      in_op(
          "nobody to change",
          [] {
            return std::vector{Op::stop_cgroup("a"), Op::set_nice("a", 1)};
          },
          "op = 'stop_cgroup'\ncgroup = 'a'\n[[step.op]]\nop = 'set_nice'\ncgroup = 'a'\nnice = 1"),
      of_one_op("a cookie shared with oneself", Op::core_sched_share("a", "a"),
                "op = 'core_sched_share'\nfrom = 'a'\nto = 'a'"),
      of_one_op("a storm without a signal", Op::signal_storm("a", 0, 1ms),
                "op = 'signal_storm'\ncgroup = 'a'\ncount = 0\ninterval = '1ms'"),
      of_one_op("a storm without time", Op::signal_storm("a", 1, 0ns),
                "op = 'signal_storm'\ncgroup = 'a'\ncount = 1\ninterval = '0s'"),
      in_op("a parameter that is missing", {}, "op = 'set_nice'\ncgroup = 'a'"),
      in_op("a parameter that is not there", {}, "op = 'set_nice'\ncgroup = 'a'\nnice = 1\nworker = 0"),
      in_op("no op", {}, "op = 'set_nise'\ncgroup = 'a'"),
  };
}

}  // namespace ktstr::refused
