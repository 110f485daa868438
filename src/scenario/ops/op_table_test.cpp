// SPDX-License-Identifier: Apache-2.0
#include "scenario/ops/op_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

// In messages, and a part of a scenario's fingerprint.
TEST(OpTable, HasEachOpDescribed) {
  const Payload payload = Payload::program("p", "true");
  EXPECT_EQ(Op::add_cgroup("a").describe(), "add_cgroup a");
  EXPECT_EQ(Op::add_cgroup_def(CgroupDef::named("a").workers(2)).describe(), "add_cgroup_def a");
  EXPECT_EQ(Op::remove_cgroup("a").describe(), "remove_cgroup a");
  EXPECT_EQ(Op::stop_cgroup("a").describe(), "stop_cgroup a");
  EXPECT_EQ(Op::kill_cgroup("a").describe(), "kill_cgroup a");
  EXPECT_EQ(Op::move_all_tasks("a", "").describe(), "move_all_tasks a -> (outside)");
  EXPECT_EQ(Op::freeze_cgroup("a").describe(), "freeze_cgroup a");
  EXPECT_EQ(Op::unfreeze_cgroup("a").describe(), "unfreeze_cgroup a");
  EXPECT_EQ(Op::set_weight("a", 7).describe(), "set_knob a cpu.weight = 7");
  EXPECT_EQ(Op::capture_cgroup_procs("t", "a").describe(), "capture_cgroup_procs a as 't'");
  EXPECT_EQ(Op::set_cpuset("a", CpusetSpec::llc(1)).describe(), "set_cpuset a llc(1)");
  EXPECT_EQ(Op::clear_cpuset("a").describe(), "clear_cpuset a");
  EXPECT_EQ(Op::swap_cpusets("a", "b").describe(), "swap_cpusets a <-> b");
  EXPECT_EQ(Op::set_affinity("a", AffinityIntent::random_subset(2)).describe(), "set_affinity a random(2)");
  EXPECT_EQ(Op::spawn_workers("a", {.workers = 3, .type = YieldHeavy{}}).describe(), "spawn 3 x YieldHeavy in a");
  EXPECT_EQ(Op::spawn_host({}).describe(), "spawn 1 x SpinWait in (outside)");
  EXPECT_EQ(Op::set_nice("a", -3).describe(), "set_nice a -3");
  EXPECT_EQ(Op::set_policy("a", SchedPolicy::rr(5)).describe(), "set_policy a rr(5)");
  EXPECT_EQ(Op::set_uclamp("a", 5, 50).describe(), "set_uclamp a 5..50");
  EXPECT_EQ(Op::core_sched_create("a").describe(), "core_sched_create a");
  EXPECT_EQ(Op::core_sched_share("a", "b").describe(), "core_sched_share a -> b");
  EXPECT_EQ(Op::core_sched_clear("a").describe(), "core_sched_clear a");
  EXPECT_EQ(Op::signal_storm("a", 3, 5ms).describe(), "signal_storm a 3 x 5ms");
  EXPECT_EQ(Op::run_payload(payload).describe(), "run_payload p in (outside)");
  EXPECT_EQ(Op::run_payload_in_cgroup("a", payload, {"-v", "x"}).describe(), "run_payload p -v x in a");
  EXPECT_EQ(Op::wait_payload("p").describe(), "wait_payload p");
  EXPECT_EQ(Op::wait_payload_in_cgroup("a", "p", 5ms).describe(), "wait_payload p in a, at most 5ms");
  EXPECT_EQ(Op::wait_payload_in_cgroup("", "p").describe(), "wait_payload p in (outside)");
  EXPECT_EQ(Op::kill_payload("p").describe(), "kill_payload p");
  EXPECT_EQ(Op::kill_payload_in_cgroup("a", "p").describe(), "kill_payload p in a");
  EXPECT_EQ(Op::cpu_offline(1).describe(), "cpu_offline 1");
  EXPECT_EQ(Op::cpu_online(1).describe(), "cpu_online 1");
  EXPECT_EQ(Op::set_smt(true).describe(), "set_smt on");
  EXPECT_EQ(Op::set_smt(false).describe(), "set_smt off");
  EXPECT_EQ(Op::write_sysctl("kernel.x", "7").describe(), "write_sysctl kernel.x = 7");
  EXPECT_EQ(Op::steer_irq("virtio0-requests", 1).describe(), "steer_irq virtio0-requests -> CPU 1");
  EXPECT_EQ(Op::set_cpu_speed(CpuSet{0, 1}, 40).describe(), "set_cpu_speed 0-1 to 40%");
  EXPECT_EQ(Op::attach_scheduler().describe(), "attach_scheduler (the one under test)");
  EXPECT_EQ(Op::attach_scheduler("scx_a -v").describe(), "attach_scheduler scx_a -v");
  EXPECT_EQ(Op::detach_scheduler().describe(), "detach_scheduler");
  EXPECT_EQ(Op::restart_scheduler().describe(), "restart_scheduler");
  EXPECT_EQ(Op::replace_scheduler("scx_b").describe(), "replace_scheduler scx_b");
}

TEST(OpTable, NamesTheOpsOfAMask) {
  EXPECT_THAT(op_names({Op::set_nice("a", 1), Op::add_cgroup("a"), Op::set_nice("b", 2)}),
              ElementsAre("add_cgroup", "set_nice"));
}

}  // namespace
}  // namespace ktstr
