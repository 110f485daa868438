// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/scenario_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "scenario/testing/fake_world.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;

ScenarioFile parsed(std::string_view text) {
  auto file = parse_scenario(text, "dir/test.toml");
  EXPECT_TRUE(file) << file.error().render();
  return file.value_or(ScenarioFile{});
}

ScenarioFile example(const std::string& name) {
  const auto text = read_text(fs::path(KTSTR_EXAMPLES) / name);
  EXPECT_TRUE(text) << text.error().render();
  return parsed(*text);
}

// A definition on one line, so that one comparison shows all of it.
std::string shown(const CgroupDef& def) {
  std::string line = def.name();
  for (const WorkSpec& spec : def.merged_work()) {
    line += fmt::format(" | {} x {}", spec.workers, describe(spec.type));
    if (spec.nice) line += fmt::format(" nice {}", *spec.nice);
  }
  if (def.cpuset_spec()) line += " | " + def.cpuset_spec()->describe();
  for (const KnobSetting& setting : def.knobs()) line += fmt::format(" | {} {}", file_of(setting.knob), setting.value);
  return line;
}

const CgroupDef& cgroup_of(const ScenarioFile& file, std::size_t step, std::size_t index) {
  return file.steps.at(step).setup.defs().at(index);
}

TEST(ScenarioFile, TwoCgroupsExampleSaysWhatItsBuildersWouldSay) {
  const ScenarioFile file = example("two_cgroups.toml");
  EXPECT_EQ(file.settings.test, "two_cgroups");
  EXPECT_EQ(file.settings.topology, (Topology{1, 2, 2, 1}));
  EXPECT_EQ(file.settings.duration, 2s);
  ASSERT_EQ(file.steps.size(), 1u);
  EXPECT_EQ(file.steps[0].hold.describe(), "full");
  ASSERT_EQ(file.steps[0].setup.defs().size(), 2u);
  EXPECT_EQ(shown(cgroup_of(file, 0, 0)), shown(CgroupDef::named("cg_0").workers(2).cpuset(CpusetSpec::llc(0))));
  EXPECT_EQ(shown(cgroup_of(file, 0, 1)), shown(CgroupDef::named("cg_1").workers(2).cpuset(CpusetSpec::llc(1))));
}

TEST(ScenarioFile, MixedWorkExampleHasTwoStepsWithSeveralGroups) {
  const ScenarioFile file = example("mixed_work.toml");
  EXPECT_EQ(file.settings.memory, Bytes{512} << 20);
  EXPECT_EQ(file.settings.checks.max_gap, 1000ms);
  EXPECT_TRUE(file.settings.checks.spread_off);
  ASSERT_EQ(file.steps.size(), 2u);
  EXPECT_EQ(file.steps[0].name, "equal");
  EXPECT_EQ(file.steps[0].hold.describe(), "0.5 of the duration");
  ASSERT_EQ(file.steps[1].setup.defs().size(), 2u);
  EXPECT_EQ(shown(cgroup_of(file, 1, 0)),
            "interactive | 2 x Bursty(burst=5ms, sleep=10ms) | 2 x YieldHeavy nice -5 | cpu.weight 400");
  EXPECT_EQ(shown(cgroup_of(file, 1, 1)), "batch | 4 x Mixed(spins=4096) nice 10 | slice(1/2) | cpu.weight 100");
}

TEST(ScenarioFile, ChangesExampleHasOpsOverABackdrop) {
  const ScenarioFile file = example("changes.toml");
  EXPECT_EQ(file.backdrop.cgroups.size(), 3u);
  ASSERT_EQ(file.steps.size(), 3u);
  ASSERT_EQ(file.steps[1].ops.size(), 2u);
  EXPECT_EQ(file.steps[1].ops[0].describe(), "move_all_tasks left -> right");
}

TEST(ScenarioFile, PayloadExampleRunsAndJudgesAProgram) {
  const ScenarioFile file = example("payload.toml");
  ASSERT_EQ(file.payloads.size(), 1u);
  EXPECT_EQ(file.payloads[0].checks().at(0).describe(), "counted >= 500");
  EXPECT_EQ(file.steps.at(0).ops.at(0).describe().substr(0, 17), "run_payload count");
}

TEST(ScenarioFile, HasDefaultsForWhatIsNotSaid) {
  const ScenarioFile file = parsed("[[cgroup]]\nname = 'a'\n");
  EXPECT_EQ(file.settings.test, "test");
  EXPECT_FALSE(file.names_topology);
  EXPECT_EQ(file.scheduler, "");
  EXPECT_EQ(file.settings.duration, 1s);
  EXPECT_EQ(file.settings.seed, 1u);
  EXPECT_EQ(file.settings.memory, 0u);
  EXPECT_FALSE(file.settings.checks.gap_off || file.settings.checks.spread_off);
  EXPECT_EQ(file.settings.checks.progress, std::nullopt);
  EXPECT_EQ(file.settings.workers_per_cgroup, std::nullopt);
  EXPECT_TRUE(file.backdrop.empty());
  EXPECT_EQ(shown(cgroup_of(file, 0, 0)), "a | 1 x SpinWait");
  EXPECT_FALSE(cgroup_of(file, 0, 0).workers_said()) << "so that workers_per_cgroup counts";
}

TEST(ScenarioFile, ReadsEveryTopLevelKeyAndCheck) {
  const ScenarioFile file = parsed(
      "name = 'x'\nscheduler = 'scx_a --slice 5'\nscheduler_include = ['/etc/scx.json']\nseed = 7\nworkers_per_cgroup "
      "= 3\n"
      "[checks]\nmax_gap = false\nmax_spread_pct = 12.5\nprogress = false\nisolation = true\nscheduler_attached = "
      "false\nkernel_log = false\nkernel_log_allow = ['foo.c']\n"
      "scheduler_used = false\nshare = true\nshare_tolerance_pct = 4\n"
      "[[cgroup]]\nname = 'a'\nshare = false\n");
  EXPECT_EQ(file.scheduler, "scx_a --slice 5");
  EXPECT_EQ(file.scheduler_include, std::vector<std::string>{"/etc/scx.json"});
  EXPECT_EQ(file.settings.seed, 7u);
  EXPECT_EQ(file.settings.workers_per_cgroup, 3);
  EXPECT_TRUE(file.settings.checks.gap_off);
  EXPECT_EQ(file.settings.checks.max_spread_pct, 12.5);
  EXPECT_EQ(file.settings.checks.progress, false);
  EXPECT_EQ(file.settings.checks.isolation, true);
  EXPECT_EQ(file.settings.checks.scheduler_attached, false);
  EXPECT_EQ(file.settings.checks.kernel_log, false);
  EXPECT_EQ(file.settings.checks.kernel_log_allow, std::vector<std::string>{"foo.c"});
  EXPECT_EQ(file.settings.checks.scheduler_used, false);
  EXPECT_EQ(file.settings.checks.share, true);
  EXPECT_EQ(file.settings.checks.share_tolerance_pct, 4.0);
  EXPECT_EQ(cgroup_of(file, 0, 0).share_judged(), false);
}

TEST(ScenarioFile, OverridesTheWorkOfSwappableCgroupsOnly) {
  const ScenarioFile file =
      parsed("work_type_override = 'YieldHeavy'\n[[cgroup]]\nname = 'a'\nswappable = true\n[[cgroup]]\nname = 'b'\n");
  const TestTopology machine = TestTopology::expected_for(*Topology::parse("1n1l2c1t"));
  const Ctx ctx({.topology = &machine, .settings = file.settings});
  ScenarioPlan plan;
  EXPECT_TRUE(plan_scenario(ctx, file.backdrop, file.steps, plan).empty());
  const auto& cgroups = plan.steps.at(0).cgroups;
  EXPECT_TRUE(std::holds_alternative<YieldHeavy>(cgroups.at(0).work.at(0).type));
  EXPECT_TRUE(std::holds_alternative<SpinWait>(cgroups.at(1).work.at(0).type));
}

TEST(ExecuteScenarioText, FollowsTheContextBeforeTheFile) {
  const auto done_with = [](RunSettings settings) {
    FakeWorld world;
    Ctx ctx({.topology = &world.topology,
             .cgroups = &world.ops,
             .events = &world,
             .settings = std::move(settings),
             .hooks = std::make_shared<ExecutorHooks>(world.hooks())});
    EXPECT_TRUE(execute_scenario_text(
        ctx, "work_type_override = 'YieldHeavy'\nworkers_per_cgroup = 3\n[[cgroup]]\nname = 'a'\nswappable = true\n",
        "t.toml"));
    return fmt::format("{} x {}", world.specs.at(0).workers, describe(world.specs.at(0).type));
  };
  EXPECT_EQ(done_with({}), "3 x YieldHeavy");
  EXPECT_EQ(done_with({.workers_per_cgroup = 2, .work_type = "Mixed"}), "2 x Mixed(spins=1024)");
}

TEST(ScenarioFile, ReadsEveryFormOfHold) {
  const ScenarioFile file =
      parsed("[[step]]\nhold = '300ms'\n[[step]]\nhold = 0.25\n[[step]]\n[[step]]\nhold = { loop = '50ms' }\n");
  EXPECT_EQ(file.steps.at(0).hold.describe(), "300ms");
  EXPECT_EQ(file.steps.at(1).hold.describe(), "0.25 of the duration");
  EXPECT_EQ(file.steps.at(2).hold.describe(), "full");
  EXPECT_EQ(file.steps.at(3).hold.describe(), "loop of 50ms");
}

TEST(ScenarioFile, HandsCpusetsToTheirParser) {
  for (const auto& [text, described] : {std::pair("llc:3", "llc(3)"), std::pair("0-3,8", "cpus(0-3,8)")})
    EXPECT_EQ(shown(cgroup_of(parsed(fmt::format("[[cgroup]]\nname = 'a'\ncpuset = '{}'\n", text)), 0, 0)),
              fmt::format("a | 1 x SpinWait | {}", described));
}

TEST(ScenarioFile, ReadsABackdropAndItsPayloads) {
  const ScenarioFile file = parsed(
      "[backdrop]\npayloads = ['p']\n[[backdrop.cgroup]]\nname = 'base'\nworkers = 2\n[[backdrop.op]]\n"
      "op = 'freeze_cgroup'\ncgroup = 'base'\n[[payload]]\nname = 'p'\nprogram = 'true'\n[[step]]\n");
  ASSERT_EQ(file.backdrop.cgroups.size(), 1u);
  EXPECT_EQ(shown(file.backdrop.cgroups[0]), "base | 2 x SpinWait");
  ASSERT_EQ(file.backdrop.ops.size(), 1u);
  EXPECT_EQ(file.backdrop.ops[0].describe(), "freeze_cgroup base");
  ASSERT_EQ(file.backdrop.payloads.size(), 1u);
  EXPECT_EQ(file.backdrop.payloads[0], file.payloads.at(0));
}

TEST(ScenarioFile, KnowsWhereEachPartStands) {
  const ScenarioFile file = parsed(
      "[backdrop]\npayloads = ['p']\n[[payload]]\nname = 'p'\nprogram = 'true'\n[[step]]\nhold = 0.5\n"
      "[[step.cgroup]]\nname = 'a'\n[[step.op]]\nop = 'set_smt'\non = true\n");
  using Part = Place::Part;
  EXPECT_EQ(file.places.at({0, Part::kPayload, 0}), (SourcePosition{2, 13}));
  EXPECT_EQ(file.places.at({1, Part::kScenario, 0}), (SourcePosition{6, 1}));
  EXPECT_EQ(file.places.at({1, Part::kHold, 0}), (SourcePosition{7, 8}));
  EXPECT_EQ(file.places.at({1, Part::kCgroup, 0}), (SourcePosition{8, 1}));
  EXPECT_EQ(file.places.at({1, Part::kOp, 0}), (SourcePosition{10, 1}));
}

TEST(ScenarioFile, MayUseANameAgainInAnotherStep) {
  const ScenarioFile file =
      parsed("[[step]]\nhold = 0.5\n[[step.cgroup]]\nname = 'a'\n[[step]]\nhold = 0.5\n[[step.cgroup]]\nname = 'a'\n");
  EXPECT_EQ(file.steps.size(), 2u);
}

RunSettings settings_on(const Topology& topology, Nanoseconds duration = 2s) {
  return {.topology = topology, .duration = duration};
}

TEST(CheckAgainst, FindsCpusetsThatAnotherTopologyLacks) {
  const ScenarioFile file = example("two_cgroups.toml");
  EXPECT_TRUE(check_against(file, file.settings));
  const Status status = check_against(file, settings_on({1, 1, 4, 1}));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(
      status.error().message(),
      "dir/test.toml:14:1: cgroup 'cg_1': cpuset llc(1): there is no LLC 1: the machine has 1 LLC, counted from 0");
}

TEST(CheckAgainst, FindsWhatOnlyShowsBetweenTheParts) {
  const ScenarioFile file = parsed("[[step]]\n[[step.op]]\nop = 'freeze_cgroup'\ncgroup = 'nobody'\n");
  const Status status = check_against(file, settings_on({1, 1, 1, 1}));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(),
            "dir/test.toml:2:1: freeze_cgroup: there is no cgroup 'nobody'; there are none at this point");
}

TEST(CheckAgainst, FindsStepsForWhichAnotherDurationLeavesNoTime) {
  const ScenarioFile fixed = parsed("[[step]]\nhold = '300ms'\n[[step]]\nhold = '300ms'\n");
  EXPECT_TRUE(check_against(fixed, settings_on({}, 301ms)));
  EXPECT_EQ(check_against(fixed, settings_on({}, 300ms)).error().message(),
            "dir/test.toml:4:8: no time is left for this step: the holds before it take all of the scenario's 300ms; "
            "make them shorter, or the duration longer");
  const ScenarioFile fractions = parsed("[[step]]\nhold = 0.5\n[[step]]\nhold = 0.5\n");
  EXPECT_TRUE(check_against(fractions, settings_on({}, 10ns))) << "fractions scale";
}

// What the fuzz target does with each input; here with inputs that have been trouble in TOML readers.
TEST(ScenarioFile, SurvivesAnyBytes) {
  const std::string deep_key = "[" + std::string(40'000, 'a') + "]", deep_array = "x = " + std::string(50'000, '[');
  std::string dotted = "a";
  for (int i = 0; i < 100'000; ++i) dotted += ".a";
  std::string spread_out;
  for (int i = 0; i < 255; ++i) spread_out += (i == 0 ? "x=[{" : "x=[\n{") + std::string("a.b.c.d.e.f.g.h=1,");
  for (const std::string& text :
       {std::string(), std::string(3, '\0'), std::string("\xff\xfe\x00\x01", 4), std::string("\"\"\""), deep_key,
        deep_array, dotted + " = 1", "[" + dotted + "]", "x = {" + dotted + " = 1}", "\"\\\"\"." + dotted + " = 1",
        "x = \"\"\"a\"\"\"\"\n" + dotted + " = 1", spread_out,
        std::string("[[cgroup]]\nname = 1979-05-27\nwork = [[1]]"), std::string(2 << 20, '#')}) {
    const auto file = parse_scenario(text, "f");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(file.error().message(), testing::StartsWith("f:"));
  }
}

}  // namespace
}  // namespace ktstr
