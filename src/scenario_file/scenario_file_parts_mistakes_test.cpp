// SPDX-License-Identifier: Apache-2.0
//
// The whole text of what people get to read when a cgroup's name, a payload or the Backdrop is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenario_file/scenario_file.h"

namespace ktstr {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

std::string mistakes_in_parts(const std::string& text) {
  const auto file = parse_scenario(text, "t.toml");
  return file ? "none" : file.error().message();
}

// A [[payload]] whose name and program are in lines 2 and 3; `lines` begin in line 4.
std::string in_payload(const std::string& lines) {
  return mistakes_in_parts("[[payload]]\nname = 'p'\nprogram = 'true'\n" + lines + "\n[[cgroup]]\nname = 'a'\n");
}

TEST(ScenarioCgroups, HaveNamesThatAreJudged) {
  EXPECT_EQ(mistakes_in_parts("[[cgroup]]\nworkers = 1\n"), "t.toml:1:1: a [[cgroup]] needs a 'name'");
  EXPECT_EQ(mistakes_in_parts("[[cgroup]]\nname = '/a'\n"),
            "t.toml:2:8: '/a' cannot name a cgroup; accepted: a name like 'cg_0', or 'cg_0/inner' inside of 'cg_0'");
  EXPECT_EQ(mistakes_in_parts("[[cgroup]]\nname = 'a/..'\n"),
            "t.toml:2:8: '..' cannot name a cgroup; accepted: a name like 'cg_0', or 'cg_0/inner' inside of 'cg_0'");
  EXPECT_EQ(mistakes_in_parts("[[cgroup]]\nname = ''\n"),
            "t.toml:2:8: a cgroup needs a name; accepted: a name like 'cg_0', or 'cg_0/inner' inside of 'cg_0'");
  EXPECT_EQ(mistakes_in_parts("topology = '1n1l1c1t'\n[[cgroup]]\nname = 'a'\n[[cgroup]]\nname = 'a'\n"),
            "t.toml:4:1: a cgroup 'a' is there already; give this one another name");
}

TEST(ScenarioCgroups, StandInsideOfOthers) {
  EXPECT_EQ(mistakes_in_parts("topology = '1n1l2c1t'\n[[cgroup]]\nname = 'a'\nworkers = 0\n[[cgroup]]\nname = 'a/b'\n"),
            "none");
  EXPECT_THAT(mistakes_in_parts("topology = '1n1l2c1t'\n[[cgroup]]\nname = 'a'\n[[cgroup]]\nname = 'a/b'\n"),
              testing::StartsWith("t.toml:4:1: 'a' has processes of its own"));
}

TEST(ScenarioCgroups, HaveTheirKeysSpelt) {
  const std::string text = mistakes_in_parts("[[cgroup]]\nname = 'a'\ncpu_wight = 2\n");
  EXPECT_THAT(text,
              HasSubstr("t.toml:3:1: unknown key 'cpu_wight' in [[cgroup]]; did you mean 'cpu_weight'? accepted: "));
  EXPECT_THAT(text, EndsWith(", workload, share, swappable"));
}

TEST(ScenarioCgroups, AreComparedWithTheDeclaredTopology) {
  EXPECT_EQ(mistakes_in_parts("topology = '1n2l2c1t'\n[[cgroup]]\nname = 'a'\ncpuset = 'llc:5'\n"),
            "t.toml:2:1: cgroup 'a': cpuset llc(5): there is no LLC 5: the machine has 2 LLCs, counted from 0");
  EXPECT_EQ(mistakes_in_parts("topology = '1n1l1c1t'\n[[cgroup]]\nname = 'a'\nnuma_node = 3\n"),
            "t.toml:2:1: cgroup 'a': there is no NUMA node 3: the machine has 0");
}

TEST(ScenarioCgroups, HaveCpusetsOfTheFormsThatThereAre) {
  const std::string text = mistakes_in_parts("[[cgroup]]\nname = 'a'\ncpuset = 'llc'\n");
  EXPECT_THAT(text, HasSubstr("t.toml:3:10: 'llc' is not a cpuset; accepted: \"all\", \"llc:0\""));
  EXPECT_EQ(mistakes_in_parts("[[cgroup]]\nname = 'a'\ncpuset = 0\n"),
            "t.toml:3:10: 'cpuset' is a whole number; accepted: a text like \"llc:0\"");
  EXPECT_EQ(mistakes_in_parts("[[cgroup]]\nname = 'a'\ncpuset = 'slice:2/2'\n"),
            "t.toml:3:10: there is no part 2 of 2; parts are counted from 0");
  EXPECT_THAT(mistakes_in_parts("[[cgroup]]\nname = 'a'\naffinity = 'some'\n"),
              HasSubstr("t.toml:3:12: 'some' is not an affinity"));
}

TEST(ScenarioPayloads, AreReadWithMetricsAndChecks) {
  const auto file = parse_scenario(
      "[[payload]]\nname = 'disk'\nprogram = 'fio'\nargs = ['--rw=write']\nknown_flags = ['--rw']\ninclude = "
      "['/etc/x']\nfile_limit = '1G'\n"
      "output = 'json'\n[[payload.metric]]\nname = 'iops'\npath = 'jobs.0.iops'\npolarity = 'higher'\nunit = 'IO/s'\n"
      "[[payload.metric]]\nname = 'lat'\n"
      "[[payload.check]]\nkind = 'min'\nmetric = 'iops'\nvalue = 100\n"
      "[[payload.check]]\nkind = 'max'\nmetric = 'lat'\nvalue = 0.5\n"
      "[[payload.check]]\nkind = 'range'\nmetric = 'iops'\nlow = 1\nhigh = 2\n"
      "[[payload.check]]\nkind = 'exists'\nmetric = 'iops'\n"
      "[[payload.check]]\nkind = 'exit_code'\ncode = 3\n"
      "[[cgroup]]\nname = 'a'\nworkers = 0\nworkload = 'disk'\n",
      "t.toml");
  ASSERT_TRUE(file) << file.error().message();
  const Payload expected =
      Payload::program("disk", "fio")
          .args({"--rw=write"})
          .known_flags({"--rw"})
          .include({"/etc/x"})
          .file_limit(std::uint64_t{1} << 30)
          .output(Payload::Output::kJson)
          .metric({.name = "iops", .path = "jobs.0.iops", .polarity = Polarity::kHigher, .unit = "IO/s"})
          .metric({.name = "lat"})
          .check(PayloadCheck::min("iops", 100))
          .check(PayloadCheck::max("lat", 0.5))
          .check(PayloadCheck::range("iops", 1, 2))
          .check(PayloadCheck::exists("iops"))
          .check(PayloadCheck::exit_code(3));
  ASSERT_EQ(file->payloads.size(), 1u);
  EXPECT_EQ(file->payloads[0], expected);
  EXPECT_EQ(file->steps.at(0).setup.defs().at(0).payload(), expected);
}

TEST(ScenarioPayloads, NeedANameAndAProgram) {
  EXPECT_EQ(mistakes_in_parts("[[payload]]\n[[cgroup]]\nname = 'a'\n"),
            "t.toml:1:1: [[payload]] needs a 'name', a text like \"disk\"\n"
            "t.toml:1:1: [[payload]] needs a 'program', a path, or a name in PATH like \"fio\"");
  EXPECT_EQ(mistakes_in_parts("[[payload]]\nname = ''\nprogram = \"a\\nb\"\n[[cgroup]]\nname = 'a'\n"),
            "t.toml:2:8: 'name' is empty; accepted: a text like \"disk\"\n"
            "t.toml:3:11: 'program' holds a control character; accepted: a path, or a name in PATH like \"fio\"");
  EXPECT_EQ(in_payload("[[payload]]\nname = 'p'\nprogram = 'x'"), "t.toml:4:1: there is a payload 'p' already");
}

TEST(ScenarioPayloads, HaveTheirKeysJudged) {
  EXPECT_EQ(in_payload("output = 'jsn'"),
            "t.toml:4:10: output 'jsn' is not valid; did you mean 'json'? accepted: \"exit_code\", \"json\"");
  EXPECT_EQ(in_payload("args = 'x'"), "t.toml:4:8: 'args' is a text; accepted: an array of texts like [\"a\", \"b\"]");
  EXPECT_EQ(
      in_payload("known_flags = ['-v']"),
      "t.toml:4:15: the known flag '-v' is not valid; accepted: long flags with their dashes and without a value, like "
      "\"--runtime\"");
  EXPECT_EQ(in_payload("programm = 'x'"),
            "t.toml:4:1: unknown key 'programm' in [[payload]]; did you mean 'program'? accepted: name, program, args, "
            "known_flags, include, file_limit, output, metric, check");
  EXPECT_EQ(in_payload("include = ['']"),
            "t.toml:4:11: 'include' holds a text that is empty; accepted: paths of files");
  EXPECT_EQ(in_payload("file_limit = '0'"),
            "t.toml:4:14: a file limit of 0 leaves no room for output; accepted: 1 and more");
  EXPECT_EQ(in_payload("[[payload.metric]]\nname = 'm'"),
            "t.toml:4:1: metrics are read from JSON output; add output = \"json\"");
}

TEST(ScenarioPayloads, HaveTheirMetricsAndChecksJudged) {
  const auto with_metric = [](const std::string& lines) {  // from line 7
    return in_payload("output = 'json'\n[[payload.metric]]\nname = 'm'\n" + lines);
  };
  EXPECT_EQ(with_metric("polarity = 'up'"),
            "t.toml:7:12: polarity 'up' is not valid; accepted: \"higher\", \"lower\", \"neutral\"");
  EXPECT_EQ(with_metric("[[payload.metric]]\nname = 'm'"), "t.toml:8:8: the payload has a metric 'm' already");
  EXPECT_EQ(with_metric("[[payload.check]]\nmetric = 'm'"),
            "t.toml:7:1: [[payload.check]] needs a 'kind': \"min\", \"max\", \"range\", \"exists\", \"exit_code\"");
  EXPECT_EQ(with_metric("[[payload.check]]\nkind = 'min'\nmetric = 'n'\nvalue = 1"),
            "t.toml:9:10: the payload has no metric 'n'; there are: m");
  EXPECT_EQ(with_metric("[[payload.check]]\nkind = 'min'\nmetric = 'm'"),
            "t.toml:7:1: this check needs 'value', a number");
  EXPECT_EQ(with_metric("[[payload.check]]\nkind = 'max'\nmetric = 'm'\nvalue = nan"),
            "t.toml:10:9: value nan is not valid; accepted: a finite number");
  EXPECT_EQ(with_metric("[[payload.check]]\nkind = 'range'\nmetric = 'm'\nlow = 2\nhigh = 1"),
            "t.toml:11:8: high 1 is below low 2; the check can never hold");
  EXPECT_EQ(with_metric("[[payload.check]]\nkind = 'exit_code'\ncode = 256"),
            "t.toml:9:8: exit code 256 is not valid; accepted: 0 to 255");
  EXPECT_EQ(with_metric("[[payload.check]]\nkind = 'exists'\nmetric = 'm'\nvalue = 1"),
            "t.toml:10:1: unknown key 'value' in [[payload.check]]; accepted: kind, metric");
}

TEST(ScenarioPayloads, AreNamedWhereTheyRun) {
  EXPECT_EQ(mistakes_in_parts("[[cgroup]]\nname = 'a'\nworkload = 'q'\n"),
            "t.toml:3:12: there is no payload 'q'; declare it in a [[payload]] table");
  EXPECT_EQ(mistakes_in_parts("[backdrop]\npayloads = ['q', 1]\n[[step]]\n"),
            "t.toml:2:13: there is no payload 'q'; declare it in a [[payload]] table\n"
            "t.toml:2:18: 'payloads' holds a whole number; accepted: an array of texts like [\"a\", \"b\"]");
  // One mistake a payload, not one a use of it.
  EXPECT_EQ(mistakes_in_parts("[[payload]]\nname = 'p'\n[[cgroup]]\nname = 'a'\nworkload = 'p'\n"),
            "t.toml:1:1: [[payload]] needs a 'program', a path, or a name in PATH like \"fio\"");
}

TEST(ScenarioBackdrop, HasItsMistakesPlaced) {
  EXPECT_EQ(mistakes_in_parts("backdrop = 1\n[[step]]\n"),
            "t.toml:1:12: 'backdrop' is a whole number; accepted: a table headed [backdrop]");
  EXPECT_EQ(mistakes_in_parts("[backdrop]\ncgroups = []\n[[step]]\n"),
            "t.toml:2:1: unknown key 'cgroups' in [backdrop]; did you mean 'cgroup'? accepted: cgroup, op, payloads");
  EXPECT_EQ(mistakes_in_parts("topology = '1n1l1c1t'\n[backdrop]\npayloads = ['p', 'p']\n[[payload]]\nname = 'p'\n"
                              "program = 'true'\n[[step]]\n"),
            "t.toml:3:18: the payload 'p' runs outside of the scenario's cgroups already, started by "
            "Backdrop::payloads; end that one before, or run this one elsewhere or under another name");
  EXPECT_EQ(
      mistakes_in_parts("topology = '1n1l1c1t'\n[backdrop]\n[[backdrop.cgroup]]\nname = 'a'\n[[step]]\n[[step.op]]\n"
                        "op = 'remove_cgroup'\ncgroup = 'a'\n"),
      "t.toml:6:1: remove_cgroup: 'a' belongs to the Backdrop, which lives until the scenario's end; stop_cgroup "
      "empties "
      "it");
}

}  // namespace
}  // namespace ktstr
