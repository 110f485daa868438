// SPDX-License-Identifier: Apache-2.0
//
// The whole text of what people get to read when a scenario file is wrong.
#include <gtest/gtest.h>

#include "scenario_file/scenario_file.h"

namespace ktstr {
namespace {

std::string mistakes(const std::string& text) {
  const auto file = parse_scenario(text, "t.toml");
  return file ? "none" : file.error().message();
}

const std::string kTopLevel =
    "name, topology, seed, duration, work_type_override, workers_per_cgroup, memory, cpu_mips, policy, "
    "scheduler, scheduler_config, schedulers, scheduler_include, expect, auto_repro, cpus, checks, payload, backdrop, "
    "cgroup, "
    "step";

// In a [[cgroup]] whose name is in line 2; `lines` begin in line 3.
std::string in_cgroup(const std::string& lines) { return mistakes("[[cgroup]]\nname = 'a'\n" + lines + "\n"); }
// In the top level, from line 1.
std::string at_top(const std::string& lines) { return mistakes(lines + "\n[[cgroup]]\nname = 'a'\n"); }
std::string in_checks(const std::string& line) { return at_top("[checks]\n" + line); }
std::string in_step(const std::string& line) { return mistakes("[[step]]\n" + line + "\n"); }

TEST(ScenarioMistakes, NameWorkTypesThatExist) {
  EXPECT_EQ(in_cgroup("work = 'Turn'"), "t.toml:3:8: unknown work type 'Turn'; 'ktstr work list' shows all there are");
  EXPECT_EQ(in_cgroup("work = 'spinwait'"),
            "t.toml:3:8: unknown work type 'spinwait'; did you mean 'SpinWait'? 'ktstr work list' "
            "shows all there are");
  EXPECT_EQ(in_cgroup("work = { type = 'Bursti' }"),
            "t.toml:3:17: unknown work type 'Bursti'; did you mean 'Bursty'? 'ktstr work list' shows all "
            "there are");
  EXPECT_EQ(in_cgroup("work = { burst = '5ms' }"),
            "t.toml:3:8: work needs a 'type'; 'ktstr work list' shows all there are");
  EXPECT_EQ(in_cgroup("work = 3"),
            "t.toml:3:8: 'work' is a whole number; accepted: a work type like \"SpinWait\", or a "
            "table like { type = \"Bursty\", burst = \"5ms\" }");
  EXPECT_EQ(in_cgroup("work = []"),
            "t.toml:3:8: 'work' is empty; accepted: a work type like \"SpinWait\", or a table like { "
            "type = \"Bursty\", burst = \"5ms\" }");
  EXPECT_EQ(in_cgroup("work = ['Mixed']"),
            "t.toml:3:9: 'work' holds a text; accepted: a work type like \"SpinWait\", or a "
            "table like { type = \"Bursty\", burst = \"5ms\" }");
}

TEST(ScenarioMistakes, JudgeParametersOfWork) {
  EXPECT_EQ(in_cgroup("work = { type = 'Bursty', brust = '5ms' }"),
            "t.toml:3:27: Bursty has no parameter 'brust'; it takes burst, sleep");
  EXPECT_EQ(in_cgroup("work = { type = 'SpinWait', spins = 3 }"),
            "t.toml:3:29: SpinWait has no parameter 'spins'; it takes none");
  EXPECT_EQ(in_cgroup("work = { type = 'Bursty', burst = '5' }"),
            "t.toml:3:27: Bursty: burst: '5' is not a duration; write a number with ns, us, ms, s, m or h, like 50ms "
            "or 1.5s");
  EXPECT_EQ(in_cgroup("work = { type = 'Mixed', spins = 0 }"), "t.toml:3:26: Mixed: spins is 0, must be at least 1");
  EXPECT_EQ(in_cgroup("work = { type = 'Bursty', burst = 1.5 }"),
            "t.toml:3:35: Bursty: burst is a number with a fraction; accepted: a time like \"5ms\", a name, a whole "
            "number, true or false, or a list of these");
}

TEST(ScenarioMistakes, JudgeTheMachine) {
  EXPECT_EQ(
      at_top("topology = '2n3l1c1t'"),
      "t.toml:1:12: topology '2n3l1c1t': 3 LLCs cannot be split evenly over 2 NUMA nodes; write NnNlNcNt (NUMA nodes, "
      "LLCs in all, cores per LLC, threads per core), for example 1n2l4c2t");
  EXPECT_EQ(at_top("topology = 4"), "t.toml:1:12: 'topology' is a whole number; accepted: a text like \"1n2l2c1t\"");
  EXPECT_EQ(at_top("memory = '512X'"), "t.toml:1:10: '512X' is not a size; write 512M, 2G or a number of bytes");
  EXPECT_EQ(at_top("memory = '0'"), "t.toml:1:10: a guest needs memory; leave 'memory' out to have it chosen");
  EXPECT_EQ(at_top("cpu_mips = 'x'"),
            "t.toml:1:12: 'cpu_mips' is a text; accepted: million instructions a second, like 20");
  for (const std::string mips : {"0", "-1.5", "nan", "1001"})
    EXPECT_EQ(at_top("cpu_mips = " + mips), "t.toml:1:12: '" + mips +
                                                "' million instructions a second are not valid; accepted: more than "
                                                "0, up to 1000");
  EXPECT_EQ(at_top("policy = 'fifo'"),
            "t.toml:1:10: 'fifo' is no policy of turns; accepted: even, uniform, bursts, victim, pct, pos, mix");
  EXPECT_EQ(at_top("scheduler = ['scx']"), "t.toml:1:13: 'scheduler' is an array; accepted: a text like \"PATH ARGS\"");
}

TEST(ScenarioMistakes, JudgeNameDurationAndSeed) {
  EXPECT_EQ(at_top("name = 'a b'"), "t.toml:1:8: 'a b' is not a name; accepted: letters, digits, '_', '-' and '.'");
  EXPECT_EQ(at_top("duration = 2"), "t.toml:1:12: 'duration' is a whole number; accepted: a text like \"2s\"");
  EXPECT_EQ(at_top("duration = '2'"),
            "t.toml:1:12: '2' is not a duration; write a number with ns, us, ms, s, m or h, like 50ms or 1.5s");
  EXPECT_EQ(at_top("duration = '0s'"), "t.toml:1:12: a scenario lasts longer than 0s");
  EXPECT_EQ(at_top("seed = -1"), "t.toml:1:8: '-1' is not a whole number from 0 to 18446744073709551615");
}

TEST(ScenarioMistakes, JudgeChecks) {
  EXPECT_EQ(in_checks("max_gap = true"),
            "t.toml:2:11: 'max_gap' is true or false; accepted: a time like \"2s\", or false");
  EXPECT_EQ(in_checks("max_gap = '100us'"),
            "t.toml:2:11: max_gap 100us is not valid; accepted: whole milliseconds, at least 1ms, or false");
  EXPECT_EQ(in_checks("max_spread_pct = 101"),
            "t.toml:2:18: max_spread_pct 101 is not valid; accepted: 0 to 100, or false");
  EXPECT_EQ(in_checks("max_spread_pct = nan"),
            "t.toml:2:18: max_spread_pct nan is not valid; accepted: 0 to 100, or false");
  EXPECT_EQ(in_checks("max_spread_pct = '35'"),
            "t.toml:2:18: 'max_spread_pct' is a text; accepted: a percentage like 35, or false");
  EXPECT_EQ(in_checks("progress = 1"), "t.toml:2:12: 'progress' is a whole number; accepted: true, false");
  EXPECT_EQ(at_top("checks = true"), "t.toml:1:10: 'checks' is true or false; accepted: a table headed [checks]");
}

TEST(ScenarioMistakes, JudgeHolds) {
  const std::string accepted =
      "; accepted: \"full\", a fraction of the duration like 0.5, a time like \"300ms\", or { loop = \"50ms\" }";
  EXPECT_EQ(in_step("hold = 0.0"), "t.toml:2:8: hold 0 is not valid" + accepted);
  EXPECT_EQ(in_step("hold = -0.5"), "t.toml:2:8: hold -0.5 is not valid" + accepted);
  EXPECT_EQ(in_step("hold = nan"), "t.toml:2:8: hold nan is not valid" + accepted);
  EXPECT_EQ(in_step("hold = 1.5"), "t.toml:2:8: hold 1.5 is not valid" + accepted);
  EXPECT_EQ(in_step("hold = 2"), "t.toml:2:8: hold 2 is not valid" + accepted);
  EXPECT_EQ(in_step("hold = 'half'"), "t.toml:2:8: hold 'half' is not valid" + accepted);
  EXPECT_EQ(in_step("hold = false"), "t.toml:2:8: hold true or false is not valid" + accepted);
  EXPECT_EQ(in_step("hold = { lop = '5ms' }"),
            "t.toml:2:8: hold, as a table, needs 'loop'" + accepted +
                "\nt.toml:2:10: unknown key 'lop' in hold; did you mean 'loop'? accepted: loop");
  EXPECT_EQ(in_step("hold = { loop = '0s' }"), "t.toml:2:17: a loop of 0s is not valid; an interval is longer than 0s");
  EXPECT_EQ(mistakes("topology = '1n1l1c1t'\nduration = '2s'\n[[step]]\n[[step]]\nhold = '1s'\n"),
            "t.toml:5:8: no time is left for this step: the holds before it take all of the scenario's 2s; make them "
            "shorter, or the duration longer");
}

TEST(ScenarioMistakes, NameTheKeysThatAreKnown) {
  EXPECT_EQ(at_top("topolgy = '1n1l1c1t'"),
            "t.toml:1:1: unknown key 'topolgy' in the file; did you mean 'topology'? accepted: " + kTopLevel);
  EXPECT_EQ(
      in_checks("gap = '2s'"),
      "t.toml:2:1: unknown key 'gap' in [checks]; accepted: max_gap, max_spread_pct, progress, "
      "isolation, scheduler_attached, survives_storm, kernel_log, kernel_log_allow, scheduler_used, share, "
      "share_tolerance_pct, "
      "max_idle, max_wait, max_starved, max_slice, max_moves, weight_order, weight_share, bandwidth, max_queue_depth");
  EXPECT_EQ(in_checks("max_idle = '1us'"),
            "t.toml:2:12: max_idle 1us is not valid; accepted: whole milliseconds, at least 1ms, or false");
  EXPECT_EQ(in_checks("max_moves = 0"), "t.toml:2:13: max_moves 0 is not valid; accepted: 1 to 1000000, or false");
  EXPECT_EQ(in_checks("max_moves = 'few'"), "t.toml:2:13: 'max_moves' is a text; accepted: a number like 50, or false");
  EXPECT_EQ(in_checks("max_queue_depth = 0"),
            "t.toml:2:19: max_queue_depth 0 is not valid; accepted: 1 to 1000000, or false");
  EXPECT_EQ(in_checks("kernel_log_allow = ['']"),
            "t.toml:2:20: an empty text would allow everything; kernel_log = false switches the check off");
  EXPECT_EQ(in_checks("share_tolerance_pct = 0"),
            "t.toml:2:23: share_tolerance_pct 0 is not valid; accepted: more than 0, up to 100");
  EXPECT_EQ(in_step("holds = 0.5"),
            "t.toml:2:1: unknown key 'holds' in [[step]]; did you mean 'hold'? accepted: name, hold, cgroup, op");
}

TEST(ScenarioMistakes, ConcernTheShapeOfTheFile) {
  EXPECT_EQ(mistakes(""),
            "t.toml:1:1: nothing to run; accepted: [[cgroup]] tables, or [[step]] tables with [[step.cgroup]] "
            "and [[step.op]]");
  EXPECT_EQ(mistakes("[[cgroup]]\nname = 'a'\n[[step]]\n"),
            "t.toml:1:1: [[cgroup]] beside [[step]]; write [[step.cgroup]] below the step that it belongs to");
  EXPECT_EQ(mistakes("[cgroup]\nname = 'a'\n"),
            "t.toml:1:1: 'cgroup' is a table; accepted: tables, each headed [[cgroup]]");
}

TEST(ScenarioMistakes, AreReportedAllAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(mistakes("sed = 1\ntopology = '1n1l1c1t'\n[[step]]\n[[step.cgroup]]\nname = 'a'\nworkers = -1\n"
                     "cpu_weight = 0.5\n[[step.cgroup]]\nname = 'a'\n"),
            "t.toml:1:1: unknown key 'sed' in the file; did you mean 'seed'? accepted: " + kTopLevel +
                "\n"
                "t.toml:6:11: -1 workers are not valid; accepted: 0 to 4096, 0 for an empty cgroup\n"
                "t.toml:7:14: 'cpu_weight' is a number with a fraction; accepted: a whole number like 200\n"
                "t.toml:8:1: a cgroup 'a' is there already; give this one another name");
}

// The plan of a file with a hole in it would complain about the hole again and again.
TEST(ScenarioMistakes, DoNotFollowFromAPartThatIsMissing) {
  EXPECT_EQ(mistakes("topology = '1n1l1c1t'\n[[step]]\nhold = { loop = '5ms' }\n[[step.cgroup]]\nworkers = 1\n"
                     "[[step.op]]\nop = 'freeze_cgroup'\ncgroup = 'a'\n"),
            "t.toml:4:1: a [[cgroup]] needs a 'name'");
}

TEST(ScenarioMistakes, InTomlItselfHaveAPlaceToo) {
  const auto file = parse_scenario("name = 'a'\nduration = \n", "dir/t.toml");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message().substr(0, 16), "dir/t.toml:2:12:");
}

}  // namespace
}  // namespace ktstr
