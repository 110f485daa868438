// SPDX-License-Identifier: Apache-2.0
//
// Ops in scenario files: each one once, against what its builder makes; and every mistake that reading one can find.
#include "scenario_file/op_reader.h"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "scenario/ops/op_table.h"
#include "scenario_file/scenario_file.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;

// The op's table is headed in line 5; `lines` begin in line 6.
std::string step_with(const std::string& lines) {
  return "[[payload]]\nname = 'p'\nprogram = 'true'\n[[step]]\n[[step.op]]\n" + lines + "\n";
}

std::string mistakes_in_ops(const std::string& lines) {
  const auto file = parse_scenario(step_with(lines), "t.toml");
  return file ? "none" : file.error().message();
}

struct Case {
  std::string lines;  // after `op = `
  Op made;
};

const Payload& payload() {
  static const Payload made = Payload::program("p", "true");
  return made;
}

std::vector<Case> cases() {
  return {
      {"'add_cgroup'\ncgroup = 'a'", Op::add_cgroup("a")},
      {"'add_cgroup_def'\ndef = { name = 'a', workers = 2 }", Op::add_cgroup_def(CgroupDef::named("a").workers(2))},
      {"'remove_cgroup'\ncgroup = 'a'", Op::remove_cgroup("a")},
      {"'stop_cgroup'\ncgroup = 'a'", Op::stop_cgroup("a")},
      {"'kill_cgroup'\ncgroup = 'a'", Op::kill_cgroup("a")},
      {"'move_all_tasks'\nfrom = 'a'\nto = ''", Op::move_all_tasks("a", "")},
      {"'freeze_cgroup'\ncgroup = 'a'", Op::freeze_cgroup("a")},
      {"'unfreeze_cgroup'\ncgroup = 'a'", Op::unfreeze_cgroup("a")},
      {"'set_knob'\ncgroup = 'a'\nknob = 'cpu_weight'\nvalue = 7", Op::set_weight("a", 7)},
      {"'capture_cgroup_procs'\ncgroup = 'a'\ntag = 't'", Op::capture_cgroup_procs("t", "a")},
      {"'set_cpuset'\ncgroup = 'a'\ncpuset = 'llc:1'", Op::set_cpuset("a", CpusetSpec::llc(1))},
      {"'clear_cpuset'\ncgroup = 'a'", Op::clear_cpuset("a")},
      {"'swap_cpusets'\na = 'x'\nb = 'y'", Op::swap_cpusets("x", "y")},
      {"'set_affinity'\ncgroup = 'a'\naffinity = 'random:2'", Op::set_affinity("a", AffinityIntent::random_subset(2))},
      {"'spawn'\ncgroup = ''\nwork = 'YieldHeavy'", Op::spawn_host({.type = YieldHeavy{}})},
      {"'set_nice'\ncgroup = 'a'\nnice = -3", Op::set_nice("a", -3)},
      {"'set_policy'\ncgroup = 'a'\npolicy = 'rr:5'", Op::set_policy("a", SchedPolicy::rr(5))},
      {"'set_uclamp'\ncgroup = 'a'\nmin = 5\nmax = 50", Op::set_uclamp("a", 5, 50)},
      {"'core_sched_create'\ncgroup = 'a'", Op::core_sched_create("a")},
      {"'core_sched_share'\nfrom = 'a'\nto = 'b'", Op::core_sched_share("a", "b")},
      {"'core_sched_clear'\ncgroup = 'a'", Op::core_sched_clear("a")},
      {"'signal_storm'\ncgroup = 'a'\ncount = 3\ninterval = '5ms'", Op::signal_storm("a", 3, 5ms)},
      {"'run_payload'\npayload = 'p'\ncgroup = 'a'\nargs = ['-v', 'x']",
       Op::run_payload_in_cgroup("a", payload(), {"-v", "x"})},
      {"'wait_payload'\npayload = 'p'\ncgroup = 'a'\ntimeout = '5ms'", Op::wait_payload_in_cgroup("a", "p", 5ms)},
      {"'kill_payload'\npayload = 'p'", Op::kill_payload("p")},
      {"'cpu_offline'\ncpu = 1", Op::cpu_offline(1)},
      {"'cpu_online'\ncpu = 1", Op::cpu_online(1)},
      {"'set_smt'\non = false", Op::set_smt(false)},
      {"'write_sysctl'\nname = 'kernel.x'\nvalue = 7", Op::write_sysctl("kernel.x", "7")},
      {"'steer_irq'\nirq = 'virtio0-requests'\ncpu = 1", Op::steer_irq("virtio0-requests", 1)},
      {"'set_cpu_speed'\ncpus = '0-1'\npercent = 40", Op::set_cpu_speed(CpuSet{0, 1}, 40)},
      {"'attach_scheduler'\nscheduler = 'scx_a -v'", Op::attach_scheduler("scx_a -v")},
      {"'detach_scheduler'", Op::detach_scheduler()},
      {"'restart_scheduler'", Op::restart_scheduler()},
      {"'replace_scheduler'\nscheduler = 'scx_b'", Op::replace_scheduler("scx_b")},
  };
}

TEST(ScenarioOps, AreEachReadIntoWhatTheirBuildersMake) {
  const auto all = cases();
  ASSERT_EQ(all.size(), Op::kKinds);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto file = parse_scenario(step_with("op = " + all[i].lines), "t.toml");
    ASSERT_TRUE(file) << all[i].lines << ": " << file.error().message();
    ASSERT_EQ(file->steps.at(0).ops.size(), 1u);
    const Op& read = file->steps[0].ops[0];
    EXPECT_EQ(read.kind().index(), i) << "cases stand in the order of Op::Kind";
    EXPECT_EQ(read.describe(), all[i].made.describe());
  }
}

// So that the table, the reference page and the reader cannot differ.
TEST(ScenarioOps, TakeExactlyTheParametersOfTheTable) {
  const auto all = cases();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const OpRow& row = op_table()[i];
    const std::string text = mistakes_in_ops("op = " + all[i].lines + "\nzzzzzzzz = 1");
    const std::string about = fmt::format("unknown key 'zzzzzzzz' in {}; accepted: op", row.name);
    ASSERT_NE(text.find(about), std::string::npos) << text;
    std::string accepted = text.substr(text.find(about) + about.size()) + ",";
    if (accepted.starts_with(", ")) accepted.erase(0, 2);  // and more
    for (const OpParameter& each : row.parameters) {
      const std::size_t at = accepted.find(fmt::format("{},", each.key));
      ASSERT_NE(at, std::string::npos) << row.name << " does not take " << each.key;
      accepted.erase(at, each.key.size() + 1);
    }
    EXPECT_EQ(accepted.find_first_not_of(" ,"), std::string::npos) << row.name << " takes besides: " << accepted;
  }
}

TEST(ScenarioOps, NeedWhatTheTableSaysIsRequired) {
  for (const OpRow& row : op_table()) {
    const std::string text = mistakes_in_ops(fmt::format("op = '{}'", row.name));
    for (const OpParameter& each : row.parameters) {
      const std::string line = fmt::format("t.toml:6:6: {} needs '{}': {}", row.name, each.key, each.form);
      EXPECT_EQ(text.find(line) != std::string::npos, each.required) << text;
    }
  }
}

TEST(ScenarioOps, AreNotAllThatAreWritten) {
  const std::string accepted = fmt::format("accepted: {}", fmt::join(op_names(), ", "));
  EXPECT_EQ(mistakes_in_ops("op = 'move_all_task'"),
            "t.toml:6:6: there is no op 'move_all_task'; did you mean 'move_all_tasks'? " + accepted);
  EXPECT_EQ(mistakes_in_ops("op = 'migrate'"), "t.toml:6:6: there is no op 'migrate'; " + accepted);
  EXPECT_EQ(mistakes_in_ops("cgroup = 'a'"), "t.toml:5:1: [[step.op]] needs an 'op'; " + accepted);
  EXPECT_EQ(mistakes_in_ops("op = 3"),
            "t.toml:6:6: 'op' is a whole number; accepted: the name of an op like \"move_all_tasks\"");
  EXPECT_EQ(mistakes_in_ops("op = 'freeze_cgroup'\ncgrup = 'a'"),
            "t.toml:6:6: freeze_cgroup needs 'cgroup': a cgroup's name\n"
            "t.toml:7:1: unknown key 'cgrup' in freeze_cgroup; did you mean 'cgroup'? accepted: op, cgroup");
}

TEST(ScenarioOps, HaveTheirParametersJudgedWhereTheyStand) {
  EXPECT_EQ(mistakes_in_ops("op = 'freeze_cgroup'\ncgroup = 1"),
            "t.toml:7:10: 'cgroup' is a whole number; accepted: a cgroup's name");
  EXPECT_EQ(mistakes_in_ops("op = 'set_nice'\ncgroup = 'a'\nnice = 99999999999"),
            "t.toml:8:8: nice 99999999999 is not valid; accepted: -20 to 19");
  EXPECT_EQ(mistakes_in_ops("op = 'cpu_offline'\ncpu = -1"),
            "t.toml:7:7: cpu -1 is not valid; accepted: a CPU's number");
  EXPECT_EQ(mistakes_in_ops("op = 'signal_storm'\ncgroup = 'a'\ncount = 1\ninterval = 5"),
            "t.toml:9:12: 'interval' is a whole number; accepted: a time like \"50ms\"");
  EXPECT_EQ(mistakes_in_ops("op = 'set_knob'\ncgroup = 'a'\nknob = 'cpu_wieght'\nvalue = 1").substr(0, 69),
            "t.toml:8:8: there is no knob 'cpu_wieght'; did you mean 'cpu_weight'?");
  EXPECT_EQ(mistakes_in_ops("op = 'set_knob'\ncgroup = 'a'\nknob = ''\nvalue = 1").substr(0, 36),
            "t.toml:8:8: there is no knob ''; acc");
  EXPECT_EQ(mistakes_in_ops("op = 'set_knob'\ncgroup = 'a'\nknob = 'cpu_weight'\nvalue = '1'"),
            "t.toml:9:9: 'value' is a text; accepted: a whole number like 200");
  EXPECT_EQ(mistakes_in_ops("op = 'run_payload'\npayload = 'q'"), "t.toml:7:11: there is no payload 'q'; there are: p");
  EXPECT_EQ(mistakes_in_ops("op = 'run_payload'\npayload = 'p'\nargs = [1]"),
            "t.toml:8:9: 'args' holds a whole number; accepted: an array of texts like [\"a\", \"b\"]");
  EXPECT_EQ(mistakes_in_ops("op = 'spawn'\ncgroup = ''\nwork = { type = 'Mixed', workers = 0 }"),
            "t.toml:8:36: 0 workers are not valid; accepted: 1 to 4096");
  EXPECT_EQ(mistakes_in_ops("op = 'add_cgroup_def'\ndef = { workers = 1 }"), "t.toml:7:7: a [[cgroup]] needs a 'name'");
  EXPECT_EQ(mistakes_in_ops("op = 'steer_irq'\nirq = 1.5\ncpu = 0"),
            "t.toml:7:7: 'irq' is a number with a fraction; accepted: a number, or words of its line in "
            "/proc/interrupts");
}

TEST(ScenarioOps, OfASpawnHaveWorkersWithAttributes) {
  const auto file = parse_scenario(
      step_with(
          "op = 'spawn'\ncgroup = 'a'\nwork = { type = 'Mixed', spins = 3, workers_pct = 1.0, policy = 'batch' }"),
      "t.toml");
  ASSERT_TRUE(file) << file.error().message();
  const WorkSpec& work = std::get<op::Spawn>(file->steps.at(0).ops.at(0).kind()).work;
  EXPECT_EQ(describe(work.type), "Mixed(spins=3)");
  EXPECT_EQ(work.workers_pct, 1.0);
  EXPECT_EQ(work.policy, SchedPolicy::batch());
}

TEST(ScenarioOps, OfAFileAreRehearsedOnItsTopology) {
  const auto file = parse_scenario(
      "topology = '1n1l1c1t'\n[[step]]\n[[step.cgroup]]\nname = 'a'\n[[step.op]]\nop = 'freeze_cgroup'\ncgroup = 'a'\n"
      "[[step.op]]\nop = 'cpu_offline'\ncpu = 3\n",
      "t.toml");
  ASSERT_FALSE(file);
  EXPECT_EQ(
      file.error().message(),
      "t.toml:5:1: freeze_cgroup: the cgroup 'a' is only created by this step's set-up, which comes after its ops; "
      "create it in an earlier step or in the Backdrop, or hold with a loop, whose set-up comes first\n"
      "t.toml:8:1: cpu_offline: there is no CPU 3: the machine has 0");
}

}  // namespace
}  // namespace ktstr
