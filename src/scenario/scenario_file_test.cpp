// SPDX-License-Identifier: Apache-2.0
#include "scenario/scenario_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

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
  for (const WorkSpec& spec : def.work_specs())
    line += fmt::format(" | {} x {} nice {}", spec.workers, describe(spec.type), spec.nice);
  if (def.cpuset_spec()) line += " | " + def.cpuset_spec()->describe();
  if (def.weight()) line += fmt::format(" | weight {}", *def.weight());
  return line;
}

TEST(ScenarioFile, TwoCgroupsExampleSaysWhatItsBuildersWouldSay) {
  const ScenarioFile file = example("two_cgroups.toml");
  EXPECT_EQ(file.name, "two_cgroups");
  EXPECT_EQ(file.topology, (Topology{1, 2, 2, 1}));
  EXPECT_EQ(file.duration, 2s);
  ASSERT_EQ(file.steps.size(), 1u);
  EXPECT_EQ(file.steps[0].hold.describe(), "full");
  ASSERT_EQ(file.steps[0].setup.size(), 2u);
  EXPECT_EQ(shown(file.steps[0].setup[0]), shown(CgroupDef::named("cg_0").workers(2).cpuset(CpusetSpec::llc(0))));
  EXPECT_EQ(shown(file.steps[0].setup[1]), shown(CgroupDef::named("cg_1").workers(2).cpuset(CpusetSpec::llc(1))));
}

TEST(ScenarioFile, MixedWorkExampleHasTwoStepsWithSeveralGroups) {
  const ScenarioFile file = example("mixed_work.toml");
  EXPECT_EQ(file.memory, Bytes{512} << 20);
  EXPECT_EQ(file.checks.max_gap, 1000ms);
  EXPECT_TRUE(file.checks.spread_off);
  ASSERT_EQ(file.steps.size(), 2u);
  EXPECT_EQ(file.steps[0].name, "equal");
  EXPECT_EQ(file.steps[0].hold.describe(), "0.5 of the duration");
  ASSERT_EQ(file.steps[1].setup.size(), 2u);
  EXPECT_EQ(shown(file.steps[1].setup[0]),
            "interactive | 2 x Bursty(burst=5ms, sleep=10ms) nice 0 | 2 x YieldHeavy nice -5 | weight 400");
  EXPECT_EQ(shown(file.steps[1].setup[1]), "batch | 4 x Mixed(spins=4096) nice 10 | slice(1/2) | weight 100");
}

TEST(ScenarioFile, HasDefaultsForWhatIsNotSaid) {
  const ScenarioFile file = parsed("[[cgroup]]\nname = 'a'\n");
  EXPECT_EQ(file.name, "test");
  EXPECT_EQ(file.topology, std::nullopt);
  EXPECT_EQ(file.scheduler, "");
  EXPECT_EQ(file.duration, 1s);
  EXPECT_EQ(file.seed, std::nullopt);
  EXPECT_EQ(file.memory, 0u);
  EXPECT_FALSE(file.checks.gap_off || file.checks.spread_off);
  EXPECT_EQ(file.checks.progress, std::nullopt);
  EXPECT_EQ(shown(file.steps.at(0).setup.at(0)), "a | 1 x SpinWait nice 0");
}

TEST(ScenarioFile, ReadsEveryTopLevelKeyAndCheck) {
  const ScenarioFile file = parsed(
      "name = 'x'\nscheduler = 'scx_a --slice 5'\nseed = 7\n"
      "[checks]\nmax_gap = false\nmax_spread_pct = 12.5\nprogress = false\nisolation = true\nscheduler_attached = "
      "false\n"
      "[[cgroup]]\nname = 'a'\n");
  EXPECT_EQ(file.scheduler, "scx_a --slice 5");
  EXPECT_EQ(file.seed, 7u);
  EXPECT_TRUE(file.checks.gap_off);
  EXPECT_EQ(file.checks.max_spread_pct, 12.5);
  EXPECT_EQ(file.checks.progress, false);
  EXPECT_EQ(file.checks.isolation, true);
  EXPECT_EQ(file.checks.scheduler_attached, false);
}

TEST(ScenarioFile, ReadsEveryFormOfHold) {
  const ScenarioFile file = parsed("[[step]]\nhold = '300ms'\n[[step]]\nhold = 0.25\n[[step]]\n");
  EXPECT_EQ(file.steps.at(0).hold.describe(), "300ms");
  EXPECT_EQ(file.steps.at(1).hold.describe(), "0.25 of the duration");
  EXPECT_EQ(file.steps.at(2).hold.describe(), "full");
}

TEST(ScenarioFile, ReadsEveryFormOfCpuset) {
  const std::pair<std::string, std::string> forms[] = {{"all", "all"},
                                                       {"llc:3", "llc(3)"},
                                                       {"node:1", "node(1)"},
                                                       {"slice:0/2", "slice(0/2)"},
                                                       {"random:3", "random(3)"},
                                                       {"0-3,8", "cpus(0-3,8)"}};
  for (const auto& [text, described] : forms)
    EXPECT_EQ(shown(parsed("[[cgroup]]\nname = 'a'\ncpuset = '" + text + "'\n").steps.at(0).setup.at(0)),
              "a | 1 x SpinWait nice 0 | " + described);
}

TEST(ScenarioFile, MayUseANameAgainInAnotherStep) {
  const ScenarioFile file =
      parsed("[[step]]\nhold = 0.5\n[[step.cgroup]]\nname = 'a'\n[[step]]\nhold = 0.5\n[[step.cgroup]]\nname = 'a'\n");
  EXPECT_EQ(file.steps.size(), 2u);
}

TEST(CheckAgainst, FindsCpusetsThatAnotherTopologyLacks) {
  const ScenarioFile file = example("two_cgroups.toml");
  EXPECT_TRUE(check_against(file, *file.topology));
  const Status status = check_against(file, Topology{1, 1, 4, 1});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(status.error().message(),
            "dir/test.toml:18:10: cpuset llc(1): there is no LLC 1: the machine has 1 LLC, counted from 0 (topology "
            "1n1l4c1t)");
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
