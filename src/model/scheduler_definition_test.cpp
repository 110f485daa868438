// SPDX-License-Identifier: Apache-2.0
#include "model/scheduler_definition.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

SchedulerDefinition good() {
  SchedulerDefinition definition{.name = "mine", .program = "build/scx_mine", .args = {"-v"}};
  definition.file = "/src/ktstr.toml";
  definition.line = 3;
  return definition;
}

// Its one mistake, "KEY: MESSAGE"; "" for none.
std::string mistake_of(const SchedulerDefinition& definition) {
  std::string all;
  for (const DefinitionMistake& each : mistakes_of(definition))
    all += (all.empty() ? "" : "\n") + std::string(each.key) + ": " + each.message;
  return all;
}

std::string with_name(std::string name) {
  auto definition = good();
  definition.name = std::move(name);
  return mistake_of(definition);
}

std::string with_config(SchedulerConfig config) {
  auto definition = good();
  definition.config = std::move(config);
  return mistake_of(definition);
}

TEST(MistakesOfADefinition, AreNoneInAGoodOne) { EXPECT_EQ(mistake_of(good()), ""); }

TEST(MistakesOfADefinition, OfSettingsOfTheMachine) {
  SchedulerDefinition own{.name = "no-lag", .writes = {"/sys/kernel/debug/sched/features=NO_PLACE_LAG"}};
  EXPECT_EQ(mistake_of(own), "") << "the kernel's own scheduler";
  own.args = {"-v"};
  EXPECT_THAT(mistake_of(own), HasSubstr("without a 'program' it is the kernel's own scheduler"));
  auto wrong = good();
  wrong.sysctls = {"kernel.panic"};
  wrong.writes = {"/etc/passwd=x"};
  wrong.cgroup_parent = "/";
  EXPECT_THAT(mistake_of(wrong), testing::AllOf(HasSubstr("sysctls: 'kernel.panic' sets no value"),
                                                HasSubstr("writes: '/etc/passwd=x' is not about a file below /sys"),
                                                HasSubstr("cgroup_parent: '/' is not the path of a cgroup")));
}

TEST(MistakesOfADefinition, JudgeTheName) {
  EXPECT_EQ(with_name("scx_my-sched.2"), "");
  EXPECT_THAT(with_name("a b"), HasSubstr(": 'a b' is not a scheduler's name"));
  EXPECT_THAT(with_name(""), HasSubstr("is not a scheduler's name"));
}

TEST(MistakesOfADefinition, JudgeTheProgramAndItsBuild) {
  auto definition = good();
  definition.program = "";
  EXPECT_THAT(mistake_of(definition), HasSubstr("program: 'program' names no program"));
  definition = good();
  definition.build = "make";
  EXPECT_THAT(mistake_of(definition), HasSubstr("build: 'build' needs 'sources'"));
  definition.sources = {"*.c"};
  EXPECT_EQ(mistake_of(definition), "");
  definition.program = "scx_mine";
  EXPECT_THAT(mistake_of(definition), HasSubstr("build: 'build' makes a 'program' that is given by its path"));
  definition = good();
  definition.sources = {"*.c"};
  EXPECT_THAT(mistake_of(definition), HasSubstr("sources: 'sources' is what 'build' is run for"));
  definition.build = "make";
  definition.sources = {"a.c", ""};
  EXPECT_THAT(mistake_of(definition), HasSubstr("sources: 'sources' holds a text that is not a path"));
  definition = good();
  definition.args = {std::string("a\0b", 3)};
  EXPECT_THAT(mistake_of(definition), HasSubstr("args: "));
  definition = good();
  definition.include = {""};
  EXPECT_THAT(mistake_of(definition), HasSubstr("include: "));
}

TEST(MistakesOfADefinition, JudgeTheConfiguration) {
  EXPECT_EQ(with_config({.file = "a.json", .arg = "--config={file}"}), "");
  EXPECT_EQ(with_config({.file = "a.json", .path = "/etc/a.json"}), "");
  EXPECT_EQ(with_config({.text = "x", .arg = "-c {file}"}), "");
  EXPECT_EQ(with_config({.path = "/etc/a.json", .arg = "-c {file}"}), "");
  EXPECT_EQ(with_config({.text = "", .path = "/etc/a.json"}), "");
  EXPECT_THAT(with_config({.arg = "{file}"}), HasSubstr("'config' needs a 'file', a 'text', or the 'path'"));
  EXPECT_THAT(with_config({.file = "a", .text = "b", .arg = "{file}"}), HasSubstr("a 'file' and a 'text'"));
  EXPECT_THAT(with_config({.file = "a", .arg = "--config"}), HasSubstr("has no {file}"));
  EXPECT_THAT(with_config({.file = "a"}), HasSubstr("neither by which 'arg'"));
  for (const char* path : {"etc/a", "/etc/../a", "/etc/", "/proc/a", "/sys/a", "/dev/a"})
    EXPECT_THAT(with_config({.text = "b", .path = path}), HasSubstr("is not a file's path in the guest")) << path;
}

TEST(MistakesOfADefinition, JudgeConstraintsAndTheTopology) {
  auto definition = good();
  definition.constraints = {.min_llcs = 3, .max_llcs = 2};
  EXPECT_EQ(mistake_of(definition), "constraints: 'min_llcs' 3 is more than 'max_llcs' 2: no machine would do");
  definition.constraints = {.min_cpus = 0};
  EXPECT_EQ(mistake_of(definition), "constraints: 'min_cpus' and 'max_cpus' are at least 1");
  definition.constraints = {.min_llcs = 3};
  definition.topology = "1n2l1c1t";
  EXPECT_EQ(mistake_of(definition),
            "topology: its own 'topology' is outside of its 'constraints': scheduler 'mine' needs at least 3 LLCs, and "
            "topology 1n2l1c1t has 2 LLCs");
  definition.topology = "2l";
  EXPECT_THAT(mistake_of(definition), HasSubstr("topology: "));
}

TEST(MistakesOfADefinition, JudgeKernels) {
  auto definition = good();
  for (const char* version : {"", "v6.12", "next"}) {
    definition.kernels = {"6.12", version};
    EXPECT_THAT(mistake_of(definition), HasSubstr("kernels: ")) << version;
  }
}

TEST(MistakesOfADefinition, JudgeKernelArguments) {
  auto definition = good();
  definition.kernel_args = {"sysctl.kernel.panic=1", "nohz=off"};
  EXPECT_EQ(mistake_of(definition), "");
  for (const char* word : {"", "a b", "a\nb", "\"a\""}) {
    definition.kernel_args = {"quiet", word};
    EXPECT_THAT(mistake_of(definition), HasSubstr("kernel_args: 'kernel_args' holds '")) << word;
  }
  definition.kernel_args = {std::string(1024, 'a')};
  EXPECT_THAT(mistake_of(definition), HasSubstr("are 1025 bytes long"));
}

TEST(Constraints, SayWhichOneAMachineIsOutsideOf) {
  auto definition = good();
  const auto refusal = [&](SchedulerConstraints constraints, const char* topology) {
    definition.constraints = constraints;
    const Status fits = check_constraints(definition, *Topology::parse(topology));
    return fits ? std::string() : fits.error().message();
  };
  EXPECT_EQ(
      refusal({.min_nodes = 1, .max_nodes = 1, .min_llcs = 2, .max_llcs = 2, .min_cpus = 4, .max_cpus = 4}, "1n2l2c1t"),
      "");
  EXPECT_EQ(refusal({.min_nodes = 2}, "1n2l2c1t"),
            "scheduler 'mine' needs at least 2 NUMA nodes, and topology 1n2l2c1t has 1 NUMA node");
  EXPECT_EQ(refusal({.max_nodes = 1}, "2n2l2c1t"),
            "scheduler 'mine' needs at most 1 NUMA node, and topology 2n2l2c1t has 2 NUMA nodes");
  EXPECT_THAT(refusal({.min_llcs = 3}, "1n2l2c1t"), HasSubstr("at least 3 LLCs"));
  EXPECT_THAT(refusal({.max_llcs = 1}, "1n2l2c1t"), HasSubstr("at most 1 LLC,"));
  EXPECT_THAT(refusal({.min_cpus = 5}, "1n2l2c1t"), HasSubstr("at least 5 CPUs, and topology 1n2l2c1t has 4 CPUs"));
  EXPECT_THAT(refusal({.max_cpus = 3}, "1n2l2c1t"), HasSubstr("at most 3 CPUs"));
  EXPECT_EQ(refusal({.smt = true}, "1n2l2c2t"), "");
  EXPECT_EQ(refusal({.smt = false}, "1n2l2c1t"), "");
  EXPECT_THAT(refusal({.smt = true}, "1n2l2c1t"), HasSubstr("(smt = true), and topology 1n2l2c1t has 1 thread a core"));
  EXPECT_THAT(refusal({.smt = false}, "1n2l2c2t"), HasSubstr("(smt = false), and topology 1n2l2c2t has 2 threads"));
  EXPECT_EQ(describe({.min_llcs = 2, .max_cpus = 64, .smt = false}), "at least 2 LLCs, at most 64 CPUs, without SMT");
  EXPECT_EQ(describe(SchedulerConstraints{}), "");
}

TEST(Kernels, AreBeginningsOfVersions) {
  auto definition = good();
  EXPECT_TRUE(supports_kernel(definition, "7.3.4+deb13"));
  definition.kernels = {"6.1", "7."};
  EXPECT_TRUE(supports_kernel(definition, "6.1.99"));
  EXPECT_TRUE(supports_kernel(definition, "6.1-rc3"));
  EXPECT_TRUE(supports_kernel(definition, "7.12.1"));
  EXPECT_FALSE(supports_kernel(definition, "6.12.3"));
  EXPECT_FALSE(supports_kernel(definition, "6.18.1"));
}

TEST(Variables, AreNamedAfterTheScheduler) {
  EXPECT_EQ(variable_of("my-sched.v2"), "KTSTR_SCHEDULER_MY_SCHED_V2");
  EXPECT_EQ(variable_of("scx_ktstr"), "KTSTR_SCHEDULER_SCX_KTSTR");
}

TEST(ConfigPath, IsItsOwnOrOneOfOurs) {
  auto definition = good();
  definition.config = SchedulerConfig{.file = "conf/a.json", .arg = "{file}"};
  EXPECT_EQ(config_path(definition), "/ktstr/scheduler/a.json");
  definition.config = SchedulerConfig{.text = "x", .arg = "{file}"};
  EXPECT_EQ(config_path(definition), "/ktstr/scheduler/mine.config");
  definition.config->path = "/etc/x";
  EXPECT_EQ(config_path(definition), "/etc/x");
}

}  // namespace
}  // namespace ktstr
