// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/scheduler_table.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "scenario_file/scenario_file.h"
#include "scenario_file/scheduler_file.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Of [schedulers.mine] with a program; `lines` begin in line 3.
std::string mistakes_in(const std::string& lines) {
  const auto found = parse_scheduler_file("[schedulers.mine]\nprogram = './scx'\n" + lines + "\n", "k.toml");
  return found ? "none" : found.error().message();
}
std::string mistakes_of_file(const std::string& text) {
  const auto found = parse_scheduler_file(text, "k.toml");
  return found ? "none" : found.error().message();
}

TEST(SchedulerTable, TakesAllThatADefinitionSays) {
  const auto found = parse_scheduler_file(
      "[schedulers.plain]\nprogram = 'scx_plain'\n"
      "[schedulers.mine]\nprogram = 'build/scx'\nargs = ['--slice', '3']\nbuild = 'make'\nsources = ['src', '*.c']\n"
      "include = ['data']\ntopology = '1n2l2c2t'\nkernels = ['6.12', '7']\nkernel_args = ['quiet', 'x=1']\n"
      "[schedulers.mine.config]\ntext = 'x'\npath = '/etc/x'\narg = '-c {file}'\n"
      "[schedulers.mine.checks]\nmax_gap = '500ms'\nprogress = false\n"
      "[schedulers.mine.constraints]\nmin_nodes = 1\nmax_nodes = 2\nmin_llcs = 2\nmax_llcs = 4\nmin_cpus = 2\n"
      "max_cpus = 64\nsmt = true\n",
      "dir/ktstr.toml");
  ASSERT_TRUE(found.has_value()) << found.error().render();
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ((*found)[0].name, "plain");
  EXPECT_EQ((*found)[0].line, 1);
  const SchedulerDefinition& mine = (*found)[1];
  EXPECT_EQ(mine.name, "mine");
  EXPECT_EQ(mine.program, "build/scx");
  EXPECT_THAT(mine.args, ElementsAre("--slice", "3"));
  EXPECT_EQ(mine.build, "make");
  EXPECT_THAT(mine.sources, ElementsAre("src", "*.c"));
  EXPECT_THAT(mine.include, ElementsAre("data"));
  EXPECT_EQ(mine.topology, "1n2l2c2t");
  EXPECT_THAT(mine.kernels, ElementsAre("6.12", "7"));
  EXPECT_THAT(mine.kernel_args, ElementsAre("quiet", "x=1"));
  EXPECT_EQ(mine.config, (SchedulerConfig{.text = "x", .path = "/etc/x", .arg = "-c {file}"}));
  EXPECT_EQ(mine.checks.max_gap, 500ms);
  EXPECT_EQ(mine.checks.progress, false);
  EXPECT_EQ(mine.constraints, (SchedulerConstraints{1, 2, 2, 4, 2, 64, true}));
  EXPECT_EQ(mine.file, "dir/ktstr.toml");
  EXPECT_EQ(mine.line, 3);
}

TEST(SchedulerTable, StandsInAScenarioFileAsWell) {
  const auto file = parse_scenario(
      "scheduler = 'mine -v'\nscheduler_config = 'x = 1'\n[schedulers.mine]\nprogram = './scx'\n[[cgroup]]\nname = "
      "'a'\n",
      "t.toml");
  ASSERT_TRUE(file.has_value()) << file.error().render();
  EXPECT_EQ(file->scheduler, "mine -v");
  EXPECT_EQ(file->scheduler_config, "x = 1");
  EXPECT_EQ(file->scheduler_config_at, (SourcePosition{2, 20}));
  ASSERT_EQ(file->schedulers.size(), 1U);
  EXPECT_EQ(file->schedulers[0].name, "mine");
  EXPECT_EQ(file->schedulers[0].line, 3);
}

TEST(SchedulerTable, RefusesNonsenseAtItsLine) {
  EXPECT_EQ(mistakes_in("programm = 'x'"),
            "k.toml:3:1: unknown key 'programm' in [schedulers.mine]; did you mean 'program'? accepted: program, args, "
            "build, sources, include, config, topology, checks, constraints, kernel_args, sysctls, writes, "
            "cgroup_parent, kernels");
  EXPECT_EQ(mistakes_in("args = '-v'"),
            "k.toml:3:8: 'args' is a text; accepted: an array of texts like [\"a\", \"b\"]");
  EXPECT_EQ(mistakes_in("args = ['-v', 3]"),
            "k.toml:3:15: 'args' holds a whole number; accepted: an array of texts like [\"a\", \"b\"]");
  EXPECT_EQ(mistakes_in("build = ''\nsources = ['a']"), "k.toml:3:9: 'build' is empty; accepted: a command for sh");
  EXPECT_THAT(mistakes_in("build = 'make'"), HasSubstr("k.toml:3:9: 'build' needs 'sources'"));
  EXPECT_THAT(mistakes_in("sources = ['a']"), HasSubstr("k.toml:3:11: 'sources' is what 'build' is run for"));
  EXPECT_THAT(mistakes_in("include = ['']"), HasSubstr("k.toml:3:11: 'include' holds a text that is not a path"));
  EXPECT_EQ(mistakes_in("config = 'x.json'"),
            "k.toml:3:10: 'config' is a text; accepted: a table with `file` or `text`, `path`, `arg`");
  EXPECT_THAT(mistakes_in("config = { file = 'x', arg = '-c' }"), HasSubstr("k.toml:3:10: the 'arg' of 'config'"));
  EXPECT_EQ(mistakes_in("config = { fille = 'x' }"),
            "k.toml:3:12: unknown key 'fille' in config; did you mean 'file'? accepted: file, text, path, arg");
  EXPECT_THAT(mistakes_in("topology = '2x'"), HasSubstr("k.toml:3:12: "));
  EXPECT_THAT(mistakes_in("checks = { max_gap = '2' }"), HasSubstr("k.toml:3:22: "));
  EXPECT_THAT(mistakes_in("checks = { gap = '2s' }"), HasSubstr("k.toml:3:12: unknown key 'gap' in [checks]"));
  EXPECT_EQ(mistakes_in("constraints = { min_llcs = 99999999999 }"),
            "k.toml:3:28: min_llcs 99999999999 is not valid; accepted: a whole number like 2");
  EXPECT_EQ(mistakes_in("constraints = { min_llcs = 3, max_llcs = 2 }"),
            "k.toml:3:15: 'min_llcs' 3 is more than 'max_llcs' 2: no machine would do");
  EXPECT_EQ(mistakes_in("constraints = { smt = 'on' }"), "k.toml:3:23: 'smt' is a text; accepted: true, false");
  EXPECT_THAT(mistakes_in("topology = '1n1l2c1t'\nconstraints = { min_llcs = 2 }"),
              HasSubstr("k.toml:3:12: its own 'topology' is outside of its 'constraints'"));
  EXPECT_THAT(mistakes_in("kernel_args = ['a b']"), HasSubstr("k.toml:3:15: 'kernel_args' holds 'a b'"));
  EXPECT_THAT(mistakes_in("kernels = ['v7']"), HasSubstr("k.toml:3:11: 'kernels' holds 'v7'"));
}

TEST(SchedulerTable, RefusesNamesAndFiles) {
  EXPECT_THAT(mistakes_of_file("[schedulers.mine]\n"), HasSubstr("k.toml:1:13: 'program' names no program"));
  EXPECT_THAT(mistakes_of_file("[schedulers.'a b']\nprogram = 'x'\n"),
              HasSubstr("k.toml:1:13: 'a b' is not a scheduler's name"));
  EXPECT_EQ(mistakes_of_file("[schedulers]\nmine = './scx'\n"),
            "k.toml:2:8: 'mine' of [schedulers] is a text; accepted: a table headed [schedulers.mine]");
  EXPECT_EQ(mistakes_of_file("schedulers = 3\n"),
            "k.toml:1:14: 'schedulers' is a whole number; accepted: tables, each headed [schedulers.NAME]");
  EXPECT_EQ(mistakes_of_file("[schedulers.a-b]\nprogram = 'x'\n[schedulers.a_b]\nprogram = 'y'\n"),
            "k.toml:3:13: the program of 'a_b' would be named by KTSTR_SCHEDULER_A_B, as that of 'a-b' in line 1; give "
            "one of them another name");
  EXPECT_EQ(mistakes_of_file("scheduler = 'x'\n"),
            "k.toml:1:1: unknown key 'scheduler' in ktstr.toml; did you mean 'schedulers'? accepted: schedulers");
}

TEST(SchedulerTable, OfAScenarioWithNone) {
  const auto file = parse_scenario("[[cgroup]]\nname = 'a'\n", "t.toml");
  ASSERT_TRUE(file.has_value());
  EXPECT_THAT(file->schedulers, IsEmpty());
  EXPECT_EQ(file->scheduler_config, std::nullopt);
}

// Those that are no whole scenario files, which are run (tests/docs).
TEST(SchedulerTable, TakesTheGuidesExamples) {
  const auto page = read_text(KTSTR_DOCS "/guide/declaring-a-scheduler.md");
  ASSERT_TRUE(page.has_value());
  constexpr std::string_view kOpening = "```toml\n[schedulers.";
  int blocks = 0;
  for (std::size_t at = 0; (at = page->find(kOpening, at)) != std::string::npos; ++blocks) {
    at += std::string_view("```toml\n").size();
    const std::string block = page->substr(at, page->find("```", at) - at);
    const auto found = parse_scheduler_file(block, "the guide");
    EXPECT_TRUE(found.has_value()) << block << found.error().render();
  }
  EXPECT_GE(blocks, 4);
}

}  // namespace
}  // namespace ktstr
