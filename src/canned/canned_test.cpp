// SPDX-License-Identifier: Apache-2.0
//
// The canned scenarios through the recording double, on machines of all sizes; in a guest:
// tests/guest/canned_tests.cpp.
#include "canned/canned.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/file.h"
#include "scenario/testing/fake_world.h"
#include "topology/presets.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::StartsWith;

// The files of a machine whose kernel has everything.
class MachineFiles {
 public:
  explicit MachineFiles(const Topology& asked) : root_(*TempDir::create(testing::TempDir(), "machine")) {
    const CpuSet cpus = TestTopology::expected_for(asked).cpus;
    for (const Cpu cpu : cpus)
      if (cpu != 0) write(fmt::format("sys/devices/system/cpu/cpu{}/online", cpu), "1");
    write("sys/devices/system/cpu/online", cpus.to_string());
    write("sys/devices/system/cpu/smt/control", asked.threads_per_core > 1 ? "on" : "notsupported");
    write("proc/sys/kernel/sched_rt_runtime_us", "950000");
    write("proc/sys/kernel/sched_cfs_bandwidth_slice_us", "5000");
    write("proc/sys/kernel/sched_schedstats", "0");
    write("proc/sys/kernel/sched_util_clamp_max", "1024");
  }
  const fs::path& root() const { return root_.path(); }
  std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(root()))
      if (entry.is_regular_file()) all[entry.path()] = *read_text(entry.path());
    return all;
  }
  std::string first_line(const std::string& path) const {
    const std::string text = *read_text(root() / path);
    return text.substr(0, text.find('\n'));
  }

 private:
  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root() / path).parent_path());
    ASSERT_TRUE(write_text(root() / path, text + "\n"));
  }
  TempDir root_;
};

// A double on a machine of `topology`: one run.
class Machine {
 public:
  explicit Machine(std::string_view topology)
      : Machine(topology, std::make_shared<MachineFiles>(*Topology::parse(topology))) {}
  Machine(std::string_view topology, std::shared_ptr<const MachineFiles> files) : files_(std::move(files)) {
    world.topology = TestTopology::expected_for(*Topology::parse(topology));
    world.root = files_->root();
    world.ops.preset("", "cpuset.cpus.exclusive", "");
  }

  Result<AssertResult> run(const std::function<Result<AssertResult>(Ctx&)>& scenario) {
    auto hooks = std::make_shared<ExecutorHooks>(world.hooks());
    hooks->hold_until = [this, inner = hooks->hold_until](int pid, Nanoseconds deadline) {
      for (auto& [path, texts] : held) texts.push_back(files_->first_line(path));
      return inner(pid, deadline);
    };
    Ctx ctx({.topology = &world.topology,
             .cgroups = &world.ops,
             .events = &world,
             .settings = {.duration = world.duration,
                          .seed = world.seed,
                          .checks = world.checks,
                          .workers_per_cgroup = world.workers_per_cgroup},
             .hooks = hooks});
    return scenario(ctx);
  }

  void remove(const std::string& path) { fs::remove(files_->root() / path); }
  // Lines of the log that start like this.
  std::vector<std::string> logged(const std::string& start) const {
    std::vector<std::string> lines;
    for (const std::string& line : world.log)
      if (line.starts_with(start)) lines.push_back(line);
    return lines;
  }
  std::vector<std::string> pauses() const {
    std::vector<std::string> lines;
    for (const std::string& line : world.log)
      if (line.find(" paused: ") != std::string::npos) lines.push_back(line);
    return lines;
  }
  std::vector<std::string> calls(const std::string& part) const {
    std::vector<std::string> lines;
    for (const std::string& line : world.ops.calls())
      if (line.find(part) != std::string::npos) lines.push_back(line);
    return lines;
  }

  FakeWorld world;
  // What the files that are named here say during each hold.
  std::map<std::string, std::vector<std::string>> held;

 private:
  std::shared_ptr<const MachineFiles> files_;
};

int fake_support(unsigned, pid_t, unsigned, std::uint64_t* cookie) {
  if (cookie != nullptr) *cookie = 0;
  return 0;
}
int no_support(unsigned, pid_t, unsigned, std::uint64_t*) {
  errno = ENODEV;
  return -1;
}

// As listed, but that those with cookies do not ask the kernel that this test happens to run on.
Result<AssertResult> run(Machine& machine, const CannedScenario& scenario) {
  if (scenario.name == "cookie_storm") return machine.run([](Ctx& ctx) { return run_cookie_storm(ctx, fake_support); });
  if (scenario.name != "core_sched") return machine.run(scenario.run);
  return machine.run([](Ctx& ctx) { return run_core_sched(ctx, fake_support); });
}

std::vector<std::string> messages(const AssertResult& result) {
  std::vector<std::string> all;
  for (const Detail& detail : result.details) all.push_back(detail.message);
  return all;
}

class CannedOn : public testing::TestWithParam<const char*> {};

TEST_P(CannedOn, EveryScenarioPassesOrSkipsAndLeavesNothing) {
  const auto files = std::make_shared<const MachineFiles>(*Topology::parse(GetParam()));
  const auto before = files->contents();
  for (const CannedScenario& scenario : canned_scenarios()) {
    SCOPED_TRACE(scenario.name);
    Machine machine(GetParam(), files);
    const auto result = run(machine, scenario);
    ASSERT_TRUE(result) << result.error().render();
    EXPECT_LE(result->verdict(), Verdict::kPass) << testing::PrintToString(messages(*result));
    EXPECT_EQ(result->skipped, machine.world.marks.empty());
    for (const std::string& message : messages(*result)) EXPECT_THAT(message, Not(HasSubstr("clean-up")));
    EXPECT_THAT(machine.world.ops.groups(), IsEmpty());
  }
  EXPECT_EQ(files->contents(), before);
}

INSTANTIATE_TEST_SUITE_P(Presets, CannedOn,
                         testing::Values("1n1l1c1t", "1n1l2c1t", "tiny-1llc", "odd-3llc", "smt-2llc", "numa2-4llc",
                                         "medium-8llc"));

class CannedFor : public testing::TestWithParam<Nanoseconds> {};

TEST_P(CannedFor, EveryPhaseHasItsShareOfTheDuration) {
  for (const CannedScenario& scenario : canned_scenarios()) {
    SCOPED_TRACE(scenario.name);
    Machine machine(scenario.topology);
    machine.world.duration = GetParam();
    machine.world.pauses_take_time = true;
    const auto result = run(machine, scenario);
    ASSERT_TRUE(result) << result.error().render();
    EXPECT_FALSE(result->skipped);  // it says most on its own topology
    EXPECT_EQ(result->verdict(), Verdict::kPass);
    for (const std::string& message : messages(*result)) EXPECT_THAT(message, Not(HasSubstr("holds for")));
    // The holds are the whole duration, but for what the storm takes of it.
    const Nanoseconds lasted(machine.world.marks.back().at_ns - machine.world.marks.front().at_ns);
    EXPECT_GE(lasted, GetParam());
  }
}

INSTANTIATE_TEST_SUITE_P(Durations, CannedFor, testing::Values(100ms, 500ms, 60s));

TEST(Canned, NamesAreUniqueAndFound) {
  std::set<std::string_view> names;
  for (const CannedScenario& scenario : canned_scenarios()) {
    EXPECT_TRUE(names.insert(scenario.name).second) << scenario.name;
    EXPECT_EQ(find_canned(scenario.name), &scenario);
    EXPECT_TRUE(Topology::parse(scenario.topology)) << scenario.name;
    EXPECT_FALSE(scenario.what.empty());
  }
  EXPECT_EQ(names.size(), 38u);
  EXPECT_EQ(find_canned("unsteady"), nullptr);
}

TEST(Canned, AMachineThatIsTooSmallIsAReasonToSkip) {
  std::vector<std::string> skips;
  for (const CannedScenario& scenario : canned_scenarios()) {
    Machine machine("1n1l1c1t");
    if (const auto result = run(machine, scenario); result->skipped)
      skips.push_back(fmt::format("{}: {}", scenario.name, result->details.at(0).message));
  }
  EXPECT_THAT(skips, ElementsAre("steady_llc: cgroups by LLC need two LLCs; the machine has 1",
                                 "cpuset_apply: two cpusets need 2 CPUs; the machine has 1",
                                 "cpuset_clear: two cpusets need 2 CPUs; the machine has 1",
                                 "cpuset_resize: cpusets of different sizes need 4 CPUs; the machine has 1",
                                 "affinity_pinned: a mask of two CPUs needs two; the machine has 1",
                                 "hotplug: CPU 0 stays online; the machine has 1 CPU",
                                 "smt_toggle: the machine has one thread a core: there is no SMT to toggle",
                                 "cpuset_partition: a partition and its rest need 2 CPUs; the machine has 1",
                                 "cpuset_shrink: cpusets of several sizes need 2 CPUs; the machine has 1",
                                 "hotplug_storm: a CPU that goes and one that stays need 2 CPUs; the machine has 1",
                                 "rt_hog: a hog and the others need 2 CPUs; the machine has 1"));
}

TEST(Canned, AKernelThatLacksSomethingIsAReasonToSkip) {
  const auto why = [](Machine& machine, const auto& scenario) {
    const auto result = machine.run(scenario);
    EXPECT_TRUE(result && result->skipped);
    EXPECT_THAT(machine.world.marks, IsEmpty());
    return result && result->skipped ? result->details.at(0).message : "";
  };
  Machine bare("1n1l2c2t");
  for (const char* name :
       {"sched_rt_runtime_us", "sched_cfs_bandwidth_slice_us", "sched_schedstats", "sched_util_clamp_max"})
    bare.remove(fmt::format("proc/sys/kernel/{}", name));
  EXPECT_THAT(why(bare, scenarios::uclamp), HasSubstr("the kernel lacks CONFIG_UCLAMP_TASK: there is no "));
  EXPECT_EQ(why(bare, scenarios::sysctl_change), "the kernel has none of the scheduler's sysctls that would change");
  EXPECT_THAT(why(bare, [](Ctx& ctx) { return run_core_sched(ctx, no_support); }),
              StartsWith("no core scheduling here: cannot read our own core scheduling cookie"));
  EXPECT_THAT(why(bare, [](Ctx& ctx) { return run_cookie_storm(ctx, no_support); }),
              StartsWith("no core scheduling here: cannot read our own core scheduling cookie"));
  bare.world.ops.fail_matching("get . cpuset.cpus.exclusive", Error(ErrorCode::kUnsupported, "there is no such file"));
  EXPECT_EQ(why(bare, scenarios::cpuset_partition),
            "partitions need cpuset.cpus.exclusive (Linux 6.7): there is no such file");
}

TEST(Canned, SpreadIsOnlyJudgedWhereTheSchedulerDecidesIt) {
  const auto judged = [](auto scenario, std::optional<double> limit) {
    Machine machine("1n2l2c1t");
    machine.world.checks.max_spread_pct = limit;
    machine.world.workers_per_cgroup = 2;
    const auto result = machine.run(scenario);
    return result && testing::Value(result->checked, Contains(Field(&Checked::text, StartsWith("spread: "))));
  };
  EXPECT_TRUE(judged(scenarios::steady, {}));
  EXPECT_FALSE(judged(scenarios::weight_changes, {}));
  EXPECT_FALSE(judged(scenarios::oversubscribed, {}));
  EXPECT_TRUE(judged(scenarios::weight_changes, 20.0));
}

TEST(Canned, OversubscriptionAllowsEachWorkerOfAQueueTwoTurns) {
  for (const auto& [topology, limit] : {std::pair("1n1l1c1t", "limit 2560 ms"), {"1n2l2c1t", "limit 2000 ms"}}) {
    Machine machine(topology);
    const auto result = machine.run(scenarios::oversubscribed);
    ASSERT_TRUE(result);
    EXPECT_THAT(result->checked, Contains(Checked{fmt::format("gap: the 32 workers of cg_0, {}", limit), 1}));
    ASSERT_EQ(machine.world.specs.size(), 2u);
    EXPECT_EQ(machine.world.specs[0].workers, 32);
    EXPECT_TRUE(std::holds_alternative<Mixed>(machine.world.specs[0].type));
  }
}

TEST(Canned, CpusetsAreAppliedClearedAndResized) {
  Machine apply("1n2l2c1t"), clear("1n2l2c1t"), resize("1n2l2c1t");
  ASSERT_TRUE(apply.run(scenarios::cpuset_apply) && clear.run(scenarios::cpuset_clear) &&
              resize.run(scenarios::cpuset_resize));
  // CPU 3 is left to everything else.
  EXPECT_THAT(apply.calls("cpuset.cpus"), ElementsAre("set cg_0 cpuset.cpus 0", "set cg_1 cpuset.cpus 1-2"));
  EXPECT_THAT(clear.calls("cpuset.cpus"), ElementsAre("set cg_0 cpuset.cpus 0", "set cg_1 cpuset.cpus 1-2",
                                                      "set cg_0 cpuset.cpus ", "set cg_1 cpuset.cpus "));
  EXPECT_THAT(resize.calls("cg_0 cpuset.cpus"),
              ElementsAre("set cg_0 cpuset.cpus 0", "set cg_0 cpuset.cpus 0-1", "set cg_0 cpuset.cpus 0"));
  EXPECT_EQ(resize.logged("hold").size(), 3u);
}

TEST(Canned, APartitionIsRootThenIsolatedThenAMember) {
  Machine machine("1n2l2c1t");
  ASSERT_TRUE(machine.run(scenarios::cpuset_partition));
  EXPECT_THAT(machine.calls("set partition cpuset"),
              ElementsAre("set partition cpuset.cpus 2-3", "set partition cpuset.cpus.exclusive 2-3",
                          "set partition cpuset.cpus.partition root", "set partition cpuset.cpus.partition isolated",
                          "set partition cpuset.cpus.partition member"));
}

TEST(Canned, CgroupsComeGoMoveFreezeAndDie) {
  Machine add("1n2l2c1t"), go("1n2l2c1t"), move("1n2l2c1t"), freeze("1n2l2c1t"), die("1n2l2c1t");
  ASSERT_TRUE(add.run(scenarios::cgroup_add) && go.run(scenarios::cgroup_remove) &&
              move.run(scenarios::nested_task_move) && freeze.run(scenarios::freeze_thaw) &&
              die.run(scenarios::cgroup_kill));
  EXPECT_THAT(add.pauses(), ElementsAre("step 1 paused: 2 cgroups, 2 workers", "step 2 paused: 4 cgroups, 4 workers"));
  EXPECT_THAT(go.pauses(), ElementsAre("step 1 paused: 4 cgroups, 4 workers", "step 2 paused: 2 cgroups, 2 workers"));
  EXPECT_THAT(move.calls("inner 100"), ElementsAre("move right/inner 1000", "move left/inner 1001 1000"));
  EXPECT_THAT(freeze.world.ops.calls(), IsSupersetOf({"freeze cg_0", "thaw cg_0", "freeze cg_1", "thaw cg_1"}));
  EXPECT_THAT(die.world.ops.calls(), Contains("kill cg_1"));
  EXPECT_THAT(die.pauses(), ElementsAre("step 1 paused: 2 cgroups, 2 workers", "step 2 paused: 2 cgroups, 1 workers",
                                        "step 3 paused: 2 cgroups, 2 workers"));
}

TEST(Canned, WorkersChangeWhatTheyCountAndWhereTheyRun) {
  Machine affinity("1n2l2c1t"), pinned("1n2l2c1t"), nice("1n2l2c1t"), clamps("1n2l2c1t"), storm("1n2l2c1t"),
      core("1n1l2c2t");
  ASSERT_TRUE(affinity.run(scenarios::affinity_change) && pinned.run(scenarios::affinity_pinned) &&
              nice.run(scenarios::nice_changes) && clamps.run(scenarios::uclamp) && storm.run(scenarios::signal_storm));
  const std::vector<std::string> masks = affinity.logged("set_affinity cg_0");
  EXPECT_EQ(masks.size(), 4u);
  EXPECT_GT(std::set(masks.begin(), masks.end()).size(), 1u);
  EXPECT_THAT(pinned.world.placements.at(0).affinity, ElementsAre(CpuSet{0, 1}, CpuSet{0, 1}));
  EXPECT_THAT(nice.logged("set_nice cg_0"), ElementsAre("set_nice cg_0 5", "set_nice cg_0 -5", "set_nice cg_0 0"));
  EXPECT_THAT(nice.logged("set_nice cg_1"), ElementsAre("set_nice cg_1 -5", "set_nice cg_1 5", "set_nice cg_1 0"));
  EXPECT_THAT(clamps.logged("set_uclamp cg_0"),
              ElementsAre("set_uclamp cg_0 512 1024", "set_uclamp cg_0 0 256", "set_uclamp cg_0 0 1024"));
  EXPECT_EQ(storm.logged("signal stormed").size(), 50u);
  ASSERT_TRUE(core.run([](Ctx& ctx) { return run_core_sched(ctx, fake_support); }));
  EXPECT_THAT(core.logged("core_"), ElementsAre("core_create 1000,1001,1002", "core_create 1003,1004,1005",
                                                "core_share 1000 -> 1003,1004,1005", "core_clear 1000,1001,1002",
                                                "core_clear 1003,1004,1005"));
}

TEST(Canned, LimitsChangeInAnOrderThatTheKernelTakes) {
  Machine weights("1n2l2c1t"), quotas("1n2l2c1t");
  ASSERT_TRUE(weights.run(scenarios::weight_changes) && quotas.run(scenarios::bandwidth_limits));
  EXPECT_THAT(weights.calls("set cg_1 cpu.weight"),
              ElementsAre("set cg_1 cpu.weight 50", "set cg_1 cpu.weight 400", "set cg_1 cpu.weight 100"));
  EXPECT_THAT(quotas.calls("set limited"), ElementsAre("set limited cpu.max 100000 100000",
                                                       "set limited cpu.max.burst 40000", "set limited cpu.max.burst 0",
                                                       "set limited cpu.max 50000 100000", "set limited cpu.max max"));
}

TEST(Canned, TheMachineChangesInItsPhasesAlone) {
  Machine plug("numa2-4llc"), smt("1n1l2c2t"), sysctl("1n2l2c1t");
  const auto online = [](Cpu cpu) { return fmt::format("sys/devices/system/cpu/cpu{}/online", cpu); };
  const std::string control = "sys/devices/system/cpu/smt/control", rt = "proc/sys/kernel/sched_rt_runtime_us";
  plug.held = {{online(11), {}}, {online(12), {}}, {online(15), {}}};
  smt.held = {{control, {}}};
  sysctl.held = {{rt, {}}};
  ASSERT_TRUE(plug.run(scenarios::hotplug) && smt.run(scenarios::smt_toggle) && sysctl.run(scenarios::sysctl_change));
  EXPECT_THAT(plug.held[online(15)], ElementsAre("1", "0", "1", "0", "1"));
  EXPECT_THAT(plug.held[online(12)], ElementsAre("1", "1", "1", "0", "1"));
  EXPECT_THAT(plug.held[online(11)], ElementsAre("1", "1", "1", "1", "1"));
  EXPECT_THAT(smt.held[control], ElementsAre("on", "off", "on"));
  EXPECT_THAT(sysctl.held[rt], ElementsAre("950000", "900000", "950000"));
}

}  // namespace
}  // namespace ktstr
