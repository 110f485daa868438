// SPDX-License-Identifier: Apache-2.0
//
// Ops on cgroups and knobs, on a real kernel: each is done, and the kernel's own files are read.
#include "observed.h"

using namespace ktstr;
using namespace std::chrono_literals;

namespace {

// Holds are too short for off-CPU shares to even out, and three workers on two CPUs are uneven by themselves.
const Checks kNoSpread{.spread_off = true};

Backdrop two_groups() { return {.cgroups = {CgroupDef::named("a").workers(2), CgroupDef::named("b").workers(1)}}; }

}  // namespace

KTSTR_TEST(add_and_remove_cgroup, {.topology = "1n1l2c1t", .duration = 300ms}) {
  const std::string before = what_is_left(ctx);
  auto result = observed(ctx, {}, {held({Op::add_cgroup("c")}), held({Op::add_cgroup("c"), Op::remove_cgroup("c")})},
                         [](int step, Observer& see) {
                           see.equal("cgroup.events", see.cgroup("c", "cgroup.events"),
                                     step == 1 ? "populated 0\nfrozen 0" : "(no file)");
                         });
  if (result) result->claim(what_is_left(ctx) == before, "everything is gone: " + what_is_left(ctx));
  return result;
}

KTSTR_TEST(add_cgroup_def, {.topology = "1n1l2c1t", .duration = 300ms, .checks = kNoSpread}) {
  return observed(ctx, {}, {held({Op::add_cgroup_def(CgroupDef::named("c").workers(2).cpu_weight(333))})},
                  [](int, Observer& see) {
                    see.equal("cpu.weight", see.cgroup("c", "cpu.weight"), "333");
                    see.that(see.pids("c").size() == 2, "two workers are in the cgroup");
                  });
}

KTSTR_TEST(stop_and_kill_cgroup, {.topology = "1n1l2c1t", .duration = 300ms, .checks = kNoSpread}) {
  return observed(ctx, two_groups(), {held({Op::stop_cgroup("a"), Op::kill_cgroup("b")})}, [](int, Observer& see) {
    see.that(see.pids("a").empty() && see.pids("b").empty(), "both cgroups are empty");
    see.equal("cgroup.events", see.cgroup("a", "cgroup.events"), "populated 0\nfrozen 0");
  });
}

KTSTR_TEST(move_all_tasks, {.topology = "1n2l1c1t", .duration = 400ms, .checks = kNoSpread}) {
  const Backdrop backdrop{.cgroups = {CgroupDef::named("a").workers(2).cpuset(CpusetSpec::llc(0)),
                                      CgroupDef::named("b").workers(1).cpuset(CpusetSpec::llc(1))}};
  return observed(ctx, backdrop,
                  {held({Op::move_all_tasks("a", "b"), Op::capture_cgroup_procs("moved", "b")}),
                   held({Op::move_all_tasks("b", "a")}), held({Op::move_all_tasks("a", "")})},
                  [](int step, Observer& see) {
                    see.that(see.pids("a").size() == (step == 2 ? 3u : 0u), "what is in 'a'");
                    see.that(see.pids("b").size() == (step == 1 ? 3u : 0u), "what is in 'b'");
                  });
}

KTSTR_TEST(freeze_and_unfreeze, {.topology = "1n1l2c1t", .duration = 300ms, .checks = kNoSpread}) {
  return observed(ctx, two_groups(),
                  {held({Op::freeze_cgroup("a")}), held({Op::unfreeze_cgroup("a")}), held({Op::freeze_cgroup("b")})},
                  [](int step, Observer& see) {
                    see.equal("a's events", see.cgroup("a", "cgroup.events"),
                              step == 1 ? "populated 1\nfrozen 1" : "populated 1\nfrozen 0");
                    see.equal("b's freeze", see.cgroup("b", "cgroup.freeze"), step == 3 ? "1" : "0");
                  });
}

KTSTR_TEST(capture_cgroup_procs, {.topology = "1n1l2c1t", .duration = 200ms, .checks = kNoSpread}) {
  std::vector<int> seen;
  auto result = observed(ctx, two_groups(), {held({Op::capture_cgroup_procs("tag", "a")})},
                         [&](int, Observer& see) { seen = see.pids("a"); });
  if (result)
    result->claim(result->capture("tag") != nullptr && result->capture("tag")->pids == seen,
                  "the capture is what cgroup.procs says");
  return result;
}

KTSTR_TEST(cpusets_set_cleared_swapped, {.topology = "1n2l2c1t", .duration = 400ms}) {
  const Backdrop backdrop{.cgroups = {CgroupDef::named("a").workers(2).cpuset(CpusetSpec::llc(0)),
                                      CgroupDef::named("b").workers(2).cpuset(CpusetSpec::llc(1))}};
  return observed(ctx, backdrop,
                  {held({Op::set_cpuset("a", CpusetSpec::cpus({1}))}), held({Op::swap_cpusets("a", "b")}),
                   held({Op::clear_cpuset("b")})},
                  [](int step, Observer& see) {
                    see.equal("a's cpus", see.cgroup("a", "cpuset.cpus"), step == 1 ? "1" : "2-3");
                    see.equal("b's cpus", see.cgroup("b", "cpuset.cpus"), step == 1 ? "2-3" : step == 2 ? "1" : "");
                    see.equal("b's effective cpus", see.cgroup("b", "cpuset.cpus.effective"),
                              step == 1   ? "2-3"
                              : step == 2 ? "1"
                                          : "0-3");
                  });
}

KTSTR_TEST(cpu_and_pids_knobs, {.topology = "1n1l2c1t", .duration = 300ms, .checks = kNoSpread}) {
  const Step step{.setup = {CgroupDef::named("a")
                                .workers(2)
                                .cpu_quota_pct(150)
                                .cpu_burst(10ms)
                                .cpu_weight(50)
                                .uclamp_min(10)
                                .uclamp_max(90.5)
                                .pids_max(20),
                            CgroupDef::named("b").cpu_idle(true).pids_unlimited().cpu_unlimited()},
                  .hold = HoldSpec::fixed(30ms)};
  return observed(ctx, {}, {step}, [](int, Observer& see) {
    see.equal("cpu.max", see.cgroup("a", "cpu.max"), "150000 100000");
    see.equal("cpu.max.burst", see.cgroup("a", "cpu.max.burst"), "10000");
    see.equal("cpu.weight", see.cgroup("a", "cpu.weight"), "50");
    see.equal("cpu.uclamp.min", see.cgroup("a", "cpu.uclamp.min"), "10.00");
    see.equal("cpu.uclamp.max", see.cgroup("a", "cpu.uclamp.max"), "90.50");
    see.equal("pids.max", see.cgroup("a", "pids.max"), "20");
    see.equal("cpu.idle", see.cgroup("b", "cpu.idle"), "1");
    see.equal("b's cpu.max", see.cgroup("b", "cpu.max"), "max 100000");
    see.equal("b's pids.max", see.cgroup("b", "pids.max"), "max");
  });
}

KTSTR_TEST(memory_knobs, {.topology = "1n1l2c1t", .duration = 300ms}) {
  const Step step{
      .setup = {CgroupDef::named("a").workers(1).memory_max(64 << 20).memory_min(1 << 20).memory_oom_group(true),
                CgroupDef::named("b").memory_high(32 << 20).memory_low(8 << 20)},
      .hold = HoldSpec::fixed(30ms)};
  return observed(ctx, {}, {step}, [](int, Observer& see) {
    see.equal("memory.max", see.cgroup("a", "memory.max"), "67108864");
    see.equal("memory.high", see.cgroup("a", "memory.high"), "max");
    see.equal("memory.low", see.cgroup("a", "memory.low"), "0");
    see.equal("memory.min", see.cgroup("a", "memory.min"), "1048576");
    see.equal("memory.oom.group", see.cgroup("a", "memory.oom.group"), "1");
    see.equal("b's memory.max", see.cgroup("b", "memory.max"), "max");
    see.equal("b's memory.high", see.cgroup("b", "memory.high"), "33554432");
    see.equal("b's memory.low", see.cgroup("b", "memory.low"), "8388608");
  });
}

KTSTR_TEST(memory_swap_and_io_weight, {.topology = "1n1l2c1t", .duration = 300ms}) {
  const Step step{
      .setup = {CgroupDef::named("a").workers(1).memory_swap_max(16 << 20), CgroupDef::named("b").io_weight(250)},
      .hold = HoldSpec::fixed(30ms)};
  return observed(ctx, {}, {step}, [](int, Observer& see) {
    see.equal("memory.swap.max", see.cgroup("a", "memory.swap.max"), "16777216");
    see.equal("io.weight", see.cgroup("b", "io.weight"), "default 250");
  });
}

KTSTR_TEST(cpuset_knobs, {.topology = "2n2l2c1t", .duration = 300ms}) {
  const Step step{.setup = {CgroupDef::named("iso")
                                .workers(1)
                                .cpuset(CpusetSpec::cpus({3}))
                                .cpuset_exclusive({3})
                                .cpuset_partition("isolated"),
                            CgroupDef::named("mems").cpuset(CpusetSpec::node(0)).cpuset_mems({1})},
                  .hold = HoldSpec::fixed(30ms)};
  return observed(ctx, {}, {step}, [](int, Observer& see) {
    see.equal("cpuset.cpus.partition", see.cgroup("iso", "cpuset.cpus.partition"), "isolated");
    see.equal("cpuset.cpus.exclusive", see.cgroup("iso", "cpuset.cpus.exclusive"), "3");
    see.equal("cpuset.mems", see.cgroup("mems", "cpuset.mems"), "1");
  });
}

KTSTR_TEST(set_knob_on_a_live_cgroup, {.topology = "1n1l2c1t", .duration = 300ms, .checks = kNoSpread}) {
  return observed(ctx, two_groups(), {held({Op::set_weight("a", 7), Op::set_knob("b", Knob::kCpuMax, "20000 100000")})},
                  [](int, Observer& see) {
                    see.equal("cpu.weight", see.cgroup("a", "cpu.weight"), "7");
                    see.equal("cpu.max", see.cgroup("b", "cpu.max"), "20000 100000");
                  });
}

KTSTR_TEST(nested_cgroups_get_their_controllers, {.topology = "1n2l2c1t", .duration = 300ms}) {
  const Step step{.setup = {CgroupDef::named("outer").no_workers().cpuset(CpusetSpec::llc(1)),
                            CgroupDef::named("outer/inner").workers(1).cpuset(CpusetSpec::cpus({3})).cpu_weight(200)},
                  .hold = HoldSpec::fixed(30ms)};
  return observed(ctx, {}, {step}, [](int, Observer& see) {
    see.equal("subtree_control", see.cgroup("outer", "cgroup.subtree_control"), "cpuset cpu");
    see.equal("inner cpus", see.cgroup("outer/inner", "cpuset.cpus.effective"), "3");
    see.equal("inner weight", see.cgroup("outer/inner", "cpu.weight"), "200");
    see.that(see.pids("outer/inner").size() == 1, "the worker is inside");
  });
}

KTSTR_TEST(a_refused_knob_fails_the_step_and_leaves_nothing,
           {.topology = "1n1l2c1t", .duration = 300ms, .expect_failure = "step_failed"}) {
  const std::string before = what_is_left(ctx);
  auto result = execute_steps(
      ctx, {{.setup = {CgroupDef::named("a").workers(2), CgroupDef::named("b").io_max("99:99 rbps=1048576")}}});
  if (result && what_is_left(ctx) != before) return AssertResult::fail("left behind: " + what_is_left(ctx));
  return result;
}

KTSTR_TEST(fork_failure_at_pids_max_is_contained,
           {.topology = "1n1l2c1t", .duration = 300ms, .expect_failure = "step_failed"}) {
  const std::string before = what_is_left(ctx);
  auto result = execute_steps(ctx, {{.setup = {CgroupDef::named("a").workers(5).pids_max(2)}}});
  if (result && what_is_left(ctx) != before) return AssertResult::fail("left behind: " + what_is_left(ctx));
  return result;
}
