// SPDX-License-Identifier: Apache-2.0
//
// Limits of cgroups and attributes of workers: every key once, and what people get to read when one is wrong.
#include <gtest/gtest.h>

#include <map>

#include "scenario_file/knob_reader.h"
#include "scenario_file/scenario_file.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;

// A [[cgroup]] whose name is in line 2; `lines` begin in line 3.
std::string file_with(const std::string& lines) { return "[[cgroup]]\nname = 'a'\n" + lines + "\n"; }

CgroupDef cgroup_with(const std::string& lines) {
  const auto file = parse_scenario(file_with(lines), "t.toml");
  EXPECT_TRUE(file) << lines << ": " << file.error().render();
  return file ? file->steps.at(0).setup.defs().at(0) : CgroupDef::named("none");
}

std::string mistakes_in_limits(const std::string& lines) {
  const auto file = parse_scenario(file_with(lines), "t.toml");
  return file ? "none" : file.error().message();
}

TEST(ScenarioLimits, EveryKnobIsWrittenByItsKey) {
  const std::map<std::string_view, std::pair<std::string, std::string>> written = {
      {"cpuset_mems", {"'0-1'", "0-1"}},
      {"cpuset_exclusive", {"'0-3'", "0-3"}},
      {"cpuset_partition", {"'isolated'", "isolated"}},
      {"cpu_max", {"'50000 100000'", "50000 100000"}},
      {"cpu_burst", {"'10ms'", "10000"}},
      {"cpu_weight", {"200", "200"}},
      {"cpu_idle", {"true", "1"}},
      {"uclamp_min", {"20.5", "20.50"}},
      {"uclamp_max", {"'max'", "max"}},
      {"memory_max", {"'64M'", "67108864"}},
      {"memory_high", {"'max'", "max"}},
      {"memory_low", {"'1M'", "1048576"}},
      {"memory_min", {"'1M'", "1048576"}},
      {"memory_swap_max", {"'max'", "max"}},
      {"memory_oom_group", {"false", "0"}},
      {"io_weight", {"50", "50"}},
      {"io_max", {"'8:0 rbps=1048576'", "8:0 rbps=1048576"}},
      {"pids_max", {"100", "100"}},
  };
  for (const std::string_view name : knob_names()) {
    ASSERT_TRUE(written.contains(name)) << "no case for " << name;
    const auto& [toml, value] = written.at(name);
    const CgroupDef def = cgroup_with(fmt::format("{} = {}", name, toml));
    bool found = false;
    for (const KnobSetting& setting : def.knobs())
      if (name_of(setting.knob) == name) {
        EXPECT_EQ(setting.value, value) << name;
        found = true;
      }
    EXPECT_TRUE(found) << name;
    // The op takes the same.
    const auto op = parse_scenario(
        fmt::format("[[step]]\n[[step.op]]\nop = 'set_knob'\ncgroup = 'a'\nknob = '{}'\nvalue = {}\n", name, toml),
        "t");
    ASSERT_TRUE(op) << op.error().message();
    EXPECT_EQ(std::get<op::SetKnob>(op->steps.at(0).ops.at(0).kind()).setting.value, value);
  }
}

TEST(ScenarioLimits, EveryWayToWriteAQuotaEndsInCpuMax) {
  for (const auto& [lines, value] :
       {std::pair("cpu_quota_pct = 150", "150000 100000"), std::pair("cpu_quota = '50ms'", "50000 100000"),
        std::pair("cpu_quota = '5ms'\ncpu_period = '10ms'", "5000 10000"),
        std::pair("cpu_unlimited = true", "max 100000")}) {
    const auto knobs = cgroup_with(lines).knobs();
    ASSERT_EQ(knobs.size(), 1u) << lines;
    EXPECT_EQ(knobs[0], (KnobSetting{Knob::kCpuMax, value})) << lines;
  }
}

TEST(ScenarioLimits, RefuseWhatCannotBeAtItsPlace) {
  EXPECT_EQ(mistakes_in_limits("cpu_idle = 1"), "t.toml:3:12: 'cpu_idle' is a whole number; accepted: true, false");
  EXPECT_EQ(mistakes_in_limits("uclamp_min = 101"),
            "t.toml:3:14: uclamp_min 101 is not valid; accepted: 0 to 100, or \"max\"");
  EXPECT_EQ(mistakes_in_limits("uclamp_min = nan"),
            "t.toml:3:14: uclamp_min nan is not valid; accepted: 0 to 100, or \"max\"");
  EXPECT_EQ(mistakes_in_limits("memory_max = '64Q'"),
            "t.toml:3:14: '64Q' is not a size; write 512M, 2G or a number of bytes, or \"max\"");
  EXPECT_EQ(mistakes_in_limits("memory_max = 64"),
            "t.toml:3:14: 'memory_max' is a whole number; accepted: a size like \"64M\", or \"max\"");
  EXPECT_EQ(mistakes_in_limits("cpu_burst = '5ns'"),
            "t.toml:3:13: 'cpu_burst' of 5ns is not valid; accepted: whole microseconds");
  EXPECT_EQ(mistakes_in_limits("pids_max = 'many'"),
            "t.toml:3:12: 'pids_max' is a text; accepted: a whole number like 100, or \"max\"");
  EXPECT_EQ(mistakes_in_limits("cpu_quota_pct = 0"),
            "t.toml:3:17: a CPU quota of 0% is not valid; accepted: 1 and more, 100 is one CPU");
  EXPECT_EQ(mistakes_in_limits("cpu_quota_pct = 0.5"),
            "t.toml:3:17: cpu_quota_pct 0.5 is not valid; accepted: whole percents of one CPU, like 50 or 150");
  EXPECT_EQ(mistakes_in_limits("cpu_unlimited = false"),
            "t.toml:3:17: cpu_unlimited = false says nothing; accepted: true, or leave it out");
  EXPECT_EQ(mistakes_in_limits("cpu_period = '10ms'"),
            "t.toml:3:14: 'cpu_period' without 'cpu_quota' limits nothing; accepted: both, or neither");
  EXPECT_EQ(mistakes_in_limits("cpu_quota_pct = 50\ncpu_unlimited = true"),
            "t.toml:4:17: 'cpu_unlimited' beside 'cpu_quota_pct': both write cpu.max; accepted: one of them");
}

// The knob table's words; that they come at the value's place is ours.
TEST(ScenarioLimits, HaveTheKnobTableJudgeValues) {
  for (const std::string line : {"cpu_weight = 0", "io_weight = 10001", "pids_max = 0", "cpuset_partition = 'other'",
                                 "cpu_max = 'much'", "io_max = 'fast'", "cpu_quota = '1us'"}) {
    const std::string text = mistakes_in_limits(line);
    EXPECT_TRUE(text.starts_with("t.toml:3:")) << line << ": " << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  }
}

TEST(ScenarioWorkers, EveryAttributeIsReadFromACgroup) {
  const CgroupDef def = cgroup_with(
      "workers_pct = 0.5\nnice = 3\ncomm = 'ui'\npcomm = 'browser'\nuid = 1000\ngid = 100\nnuma_node = 1\n"
      "policy = 'fifo:50'\n"
      "affinity = 'random:2'\nmem_policy = 'bind:0-1'\ntask_uclamp_min = 1\ntask_uclamp_max = 512\n"
      "timer_slack = '50us'\n"
      "work = { type = 'Mixed', spins = 7 }");
  ASSERT_EQ(def.merged_work().size(), 1u);
  const WorkSpec spec = def.merged_work()[0];
  EXPECT_TRUE(def.workers_said());
  EXPECT_EQ(spec.workers_pct, 0.5);
  EXPECT_EQ(describe(spec.type), "Mixed(spins=7)");
  EXPECT_EQ(spec.nice, 3);
  EXPECT_EQ(spec.timer_slack, std::chrono::microseconds(50));
  EXPECT_EQ(spec.comm, "ui");
  EXPECT_EQ(spec.pcomm, "browser");
  EXPECT_EQ(spec.uid, 1000u);
  EXPECT_EQ(spec.gid, 100u);
  EXPECT_EQ(spec.numa_node, 1);
  EXPECT_EQ(spec.policy, SchedPolicy::fifo(50));
  EXPECT_EQ(spec.affinity, AffinityIntent::random_subset(2));
  EXPECT_EQ(spec.mem_policy, MemPolicy::bind({0, 1}));
  EXPECT_EQ(spec.uclamp_min, 1);
  EXPECT_EQ(spec.uclamp_max, 512);
}

TEST(ScenarioWorkers, EachWorkTableHasAttributesOfItsOwnAndTheRestOfTheCgroup) {
  const CgroupDef def = cgroup_with(
      "nice = 5\npcomm = 'web'\n[[cgroup.work]]\ntype = 'Mixed'\nspins = 7\nworkers = 3\npolicy = 'batch'\n"
      "[[cgroup.work]]\n"
      "type = 'SpinWait'\nnice = -5\naffinity = 'single'\npcomm = 'db'");
  const auto work = def.merged_work();
  ASSERT_EQ(work.size(), 2u);
  EXPECT_EQ(describe(work[0].type), "Mixed(spins=7)");
  EXPECT_EQ(work[0].workers, 3);
  EXPECT_EQ(work[0].nice, 5);
  EXPECT_EQ(work[0].policy, SchedPolicy::batch());
  EXPECT_EQ(work[0].pcomm, "web");
  EXPECT_EQ(work[1].pcomm, "db");
  EXPECT_EQ(work[1].workers, 1);
  EXPECT_EQ(work[1].nice, -5);
  EXPECT_EQ(work[1].policy, SchedPolicy::normal());
  EXPECT_EQ(work[1].affinity, AffinityIntent::single_cpu());
  EXPECT_TRUE(def.workers_said()) << "workers_per_cgroup is not about groups that are spelt out";
}

TEST(ScenarioWorkers, AreNotThereWhenTheirNumberIsZero) {
  EXPECT_TRUE(cgroup_with("workers = 0").work_specs().empty());
  EXPECT_EQ(mistakes_in_limits("workers = 0\nwork = 'SpinWait'"),
            "t.toml:3:11: 0 workers with 'work' are not valid; accepted: 1 to 4096 workers, or an empty cgroup without "
            "'work'");
  EXPECT_EQ(mistakes_in_limits("workers = 0\npolicy = 'batch'"),
            "t.toml:4:10: 'policy' is of no use in a cgroup without workers; accepted: workers = 1 to 4096 with it, or "
            "workers = 0 alone");
}

TEST(ScenarioWorkers, HavePoliciesInEveryForm) {
  for (const auto& [text, policy] :
       {std::pair("'normal'", SchedPolicy::normal()), std::pair("'batch'", SchedPolicy::batch()),
        std::pair("'idle'", SchedPolicy::idle()), std::pair("'ext'", SchedPolicy::ext()),
        std::pair("'fifo:1'", SchedPolicy::fifo(1)), std::pair("'rr:97'", SchedPolicy::rr(97)),
        std::pair("{ deadline = '9ms', runtime = '2ms', period = '10ms' }", SchedPolicy::deadline_of(2ms, 9ms, 10ms))})
    EXPECT_EQ(cgroup_with(fmt::format("policy = {}", text)).work_specs().at(0).policy, policy) << text;
}

TEST(ScenarioWorkers, HaveMemoryPoliciesInEveryForm) {
  const MemPolicy bind = MemPolicy::bind({0, 1});
  for (const auto& [text, policy] :
       {std::pair("'default'", MemPolicy()), std::pair("'local'", MemPolicy::local()),
        std::pair("'preferred:1'", MemPolicy::preferred(1)),
        std::pair("'preferred_many:0-1'", MemPolicy::preferred_many({0, 1})), std::pair("'bind:0-1'", bind),
        std::pair("'interleave:0,1'", MemPolicy::interleave({0, 1})),
        std::pair("'weighted_interleave:0'", MemPolicy::weighted_interleave({0})),
        std::pair("{ policy = 'bind:0-1', flags = ['static', 'numa-balancing'] }",
                  bind.with_flags(MemPolicy::kStaticNodes | MemPolicy::kNumaBalancing)),
        std::pair("{ policy = 'bind:0-1', flags = ['relative'] }", bind.with_flags(MemPolicy::kRelativeNodes))})
    EXPECT_EQ(cgroup_with(fmt::format("mem_policy = {}", text)).work_specs().at(0).mem_policy, policy) << text;
}

TEST(ScenarioWorkers, NameTheFormsOfAPolicy) {
  const std::string policies =
      "; accepted: \"normal\", \"batch\", \"idle\", \"ext\", \"fifo:50\", \"rr:50\", { runtime = \"2ms\", deadline = "
      "\"10ms\", period = \"10ms\" }";
  for (const std::string text : {"", "fifo", "fifo:", "fifo:x", "batch:1", "deadline", "rr:1.5"})
    EXPECT_EQ(mistakes_in_limits("policy = '" + text + "'"), "t.toml:3:10: '" + text + "' is not a policy" + policies);
  EXPECT_EQ(mistakes_in_limits("policy = 1"), "t.toml:3:10: 'policy' is a whole number" + policies);
  EXPECT_EQ(
      mistakes_in_limits("policy = { runtime = '1ms', deadline = '2ms' }"),
      "t.toml:3:10: a deadline policy needs 'period'; accepted: { runtime = \"2ms\", deadline = \"10ms\", period = "
      "\"10ms\" }");
  EXPECT_TRUE(mistakes_in_limits("policy = 'fifo:100'").starts_with("t.toml:3:10: ")) << "1 to 97";
  const std::string memory =
      "; accepted: \"default\", \"local\", \"preferred:0\", \"preferred_many:0-1\", \"bind:0-1\", \"interleave:0-1\", "
      "\"weighted_interleave:0-1\", { policy = \"bind:0-1\", flags = [\"static\"] }";
  for (const std::string text : {"", "bind", "bind:", "bind:x", "local:0", "preferred:0-1"})
    EXPECT_EQ(mistakes_in_limits("mem_policy = '" + text + "'"),
              "t.toml:3:14: '" + text + "' is not a memory policy" + memory);
  EXPECT_EQ(mistakes_in_limits("mem_policy = { policy = 'bind:0', flags = ['statik'] }"),
            "t.toml:3:43: 'statik' is not a flag of a memory policy; did you mean 'static'? accepted: \"static\", "
            "\"relative\", \"numa-balancing\"");
}

TEST(ScenarioWorkers, HaveTheirNumbersJudged) {
  EXPECT_EQ(mistakes_in_limits("workers = 4294967297"),
            "t.toml:3:11: 4294967297 workers are not valid; accepted: 0 to 4096, 0 for an empty cgroup");
  EXPECT_EQ(mistakes_in_limits("workers = '2'"), "t.toml:3:11: 'workers' is a text; accepted: a whole number like 2");
  EXPECT_EQ(mistakes_in_limits("workers = 1\nworkers_pct = 1"),
            "t.toml:4:15: 'workers_pct' beside 'workers'; accepted: one of them");
  EXPECT_EQ(mistakes_in_limits("workers_pct = 0"),
            "t.toml:3:15: workers_pct 0 is not valid; accepted: finite and above 0, 1.0 is one worker a CPU");
  EXPECT_EQ(mistakes_in_limits("nice = 20"), "t.toml:3:8: nice 20 is out of range; accepted: -20 to 19");
  EXPECT_EQ(mistakes_in_limits("comm = 'longer than a comm'"),
            "t.toml:3:8: 'longer than a comm' cannot be a comm; accepted: 1 to 15 bytes without a NUL");
  EXPECT_EQ(mistakes_in_limits("pcomm = 'longer than a comm'"),
            "t.toml:3:9: 'longer than a comm' cannot be a pcomm; accepted: 1 to 15 bytes without a NUL");
  EXPECT_EQ(mistakes_in_limits("uid = -1"), "t.toml:3:7: uid -1 is not valid; accepted: 0 to 4294967294");
  EXPECT_EQ(mistakes_in_limits("numa_node = -1"), "t.toml:3:13: numa_node -1 is not valid; accepted: 0 to 1023");
  EXPECT_EQ(mistakes_in_limits("task_uclamp_min = 1025"),
            "t.toml:3:19: task_uclamp_min 1025 is not valid; accepted: 0 to 1024");
  EXPECT_EQ(mistakes_in_limits("task_uclamp_min = 9\ntask_uclamp_max = 8"),
            "t.toml:4:19: task_uclamp_max 8 is below task_uclamp_min 9; accepted: 9 to 1024");
  EXPECT_EQ(mistakes_in_limits("slice = '1us'"), "t.toml:3:9: a slice of 1us is not valid; accepted: 100us to 100ms");
  EXPECT_EQ(mistakes_in_limits("slice = '101ms'"),
            "t.toml:3:9: a slice of 101ms is not valid; accepted: 100us to 100ms");
  EXPECT_EQ(mistakes_in_limits("slice = '3ms'\npolicy = 'fifo:5'"),
            "t.toml:3:9: a slice beside policy fifo(5); only normal, batch and idle have one");
  EXPECT_EQ(mistakes_in_limits("timer_slack = '2s'"),
            "t.toml:3:15: a timer_slack of 2s is not valid; accepted: 1ns to 1s");
  EXPECT_EQ(mistakes_in_limits("[[cgroup.work]]\ntype = 'Mixed'\nworkers = 0"),
            "t.toml:5:11: 0 workers are not valid; accepted: 1 to 4096");
  EXPECT_EQ(mistakes_in_limits("workers = 1\npolicy = 'batch'\n[[cgroup.work]]\ntype = 'Mixed'"),
            "t.toml:3:11: 'workers' belongs into each [[cgroup.work]] table when there are any\n"
            "t.toml:4:10: 'policy' belongs into each [[cgroup.work]] table when there are any");
  EXPECT_EQ(mistakes_in_limits("[[cgroup.work]]\ntype = 'Bursty'\nnise = 1"),
            "t.toml:5:1: Bursty has no parameter 'nise'; it takes burst, sleep; did you mean 'nice'?");
  EXPECT_EQ(mistakes_in_limits("[[cgroup.work]]\ntype = 'ForkExit'\npcomm = 'web'"),
            "t.toml:3:1: [[cgroup.work]]: ForkExit needs workers that are processes, not threads of 'web'");
  EXPECT_EQ(mistakes_in_limits("[[cgroup.work]]\ntype = 'RtStarvation'\npolicy = 'batch'"),
            "t.toml:3:1: [[cgroup.work]]: RtStarvation decides its workers' policies itself; it cannot have batch");
}

TEST(ReplayInAFile, IsATextATaskOrItsParts) {
  const auto type_of = [](const std::string& tasks) {
    const auto file = parse_scenario(
        "topology = \"1n1l2c1t\"\n[[cgroup]]\nname = \"a\"\n[[cgroup.work]]\ntype = "
        "\"Replay\"\ntasks = " +
            tasks,
        "t.toml");
    EXPECT_TRUE(file) << file.error().render();
    if (!file) return std::string();
    const WorkSpec spec = file->steps.at(0).setup.defs().at(0).merged_work().at(0);
    EXPECT_EQ(spec.workers, 2);
    return describe(spec.type);
  };
  const std::string all = "Replay(tasks=run:1ms+wake:1+sleep:3ms|wait+run:2ms, period=0s)";
  EXPECT_EQ(type_of("\"run:1ms+wake:1+sleep:3ms|wait+run:2ms\""), all);
  EXPECT_EQ(type_of("[\"run:1ms+wake:1+sleep:3ms\", \"wait+run:2ms\"]"), all);
  EXPECT_EQ(type_of("[[\"run:1ms\", \"wake:1+sleep:3ms\"], \"wait+run:2ms\"]"), all);
}

}  // namespace
}  // namespace ktstr
