// SPDX-License-Identifier: Apache-2.0
//
// What a user reads who asked for something that cannot work: the exit status, nothing on stdout, and the approved
// words.
#include "run_ktstr.h"

namespace ktstr {
namespace {

class Messages : public KtstrProgram {
 protected:
  // 64: the user's mistake, before any VM.
  void expect_refused(std::string_view golden, const std::vector<std::string>& arguments) const {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.status.describe(), "exited with status 64");
    EXPECT_EQ(ran.out, "");
    expect_golden(golden, ran.err);
  }
};

TEST_F(Messages, AScenarioFileThatIsNotThere) { expect_refused("missing_file", {"run", "none.toml"}); }

TEST_F(Messages, AKeyThatNoStepHas) {
  write("s.toml", "[[step]]\nhold = \"full\"\nmigrate = \"cg_0\"\n[[step.cgroup]]\nname = \"cg_0\"\n");
  expect_refused("unknown_step_key", {"run", "s.toml"});
}

TEST_F(Messages, AnOpThatDoesNotExist) {
  write("s.toml", "[[step]]\n[[step.op]]\nop = \"freeze_cgruop\"\ncgroup = \"cg_0\"\n");
  expect_refused("unknown_op", {"run", "s.toml"});
}

TEST_F(Messages, AnOpOnACgroupThatNobodyCreates) {
  write("s.toml", "[[step]]\n[[step.op]]\nop = \"freeze_cgroup\"\ncgroup = \"cg_0\"\n");
  expect_refused("op_on_nothing", {"run", "s.toml"});
}

TEST_F(Messages, AWorkTypeThatDoesNotExist) {
  write("s.toml", "[[cgroup]]\nname = \"cg_0\"\nwork = { type = \"SpinWiat\" }\n");
  expect_refused("unknown_work_type", {"run", "s.toml"});
}

TEST_F(Messages, NoWorkersForWork) {
  write("s.toml", "[[cgroup]]\nname = \"cg_0\"\nworkers = 0\nwork = \"SpinWait\"\n");
  expect_refused("no_workers", {"run", "s.toml"});
}

TEST_F(Messages, AllMistakesOfAFileAtOnce) {
  write("s.toml", "duration = \"2 hours\"\n[[cgroup]]\nname = \"a//b\"\nworkers = -1\ncpuset = \"llc\"\n");
  expect_refused("many_mistakes", {"run", "s.toml"});
}

TEST_F(Messages, AFileThatIsNoToml) {
  write("s.toml", "topology = 1n2l1c1t\n");
  expect_refused("no_toml", {"run", "s.toml"});
}

TEST_F(Messages, ATopologyWithoutCores) {
  expect_refused("topology_without_cores", {"run", good_scenario(), "--topology", "1n3l0c1t"});
}

TEST_F(Messages, LlcsThatDoNotDivideAmongNodes) {
  expect_refused("topology_uneven", {"run", good_scenario(), "--topology", "2n3l1c1t"});
}

TEST_F(Messages, ACpusetThatTheTopologyDoesNotHave) {
  write("s.toml", "topology = \"1n2l1c1t\"\n[[cgroup]]\nname = \"cg_0\"\ncpuset = \"llc:1\"\n");
  expect_refused("cpuset_not_there", {"run", "s.toml", "--topology", "1n1l2c1t"});
}

TEST_F(Messages, ASchedulerThatIsNotThere) {
  expect_refused("scheduler_missing", {"run", good_scenario(), "--scheduler", "./scx_none -v"});
}

TEST_F(Messages, ASchedulerThatIsNowhereInPath) {
  expect_refused("scheduler_not_in_path", {"run", good_scenario("scheduler = \"scx_nowhere_at_all\"\n")});
}

TEST_F(Messages, ASchedulerThatCannotBeExecuted) {
  write("scx_text", "#!/bin/sh\n", 0644);
  expect_refused("scheduler_not_executable", {"run", good_scenario(), "--scheduler", "./scx_text"});
}

TEST_F(Messages, ASchedulerThatIsNoProgram) {
  write("scx_data", "this is no program\n", 0755);
  expect_refused("scheduler_no_program", {"run", good_scenario(), "--scheduler", "./scx_data"});
}

TEST_F(Messages, AnOpenQuoteInTheSchedulersCommand) {
  expect_refused("scheduler_open_quote", {"run", good_scenario(), "--scheduler", "scx 'a"});
}

TEST_F(Messages, AKernelThatIsNoKernel) {
  write("vmlinuz", std::string(100000, 'x'));
  expect_refused("kernel_no_kernel", {"run", good_scenario(), "--mode", "det", "--kernel", "./vmlinuz"});
}

TEST_F(Messages, AKernelThatIsNotThere) {
  expect_refused("kernel_missing", {"run", good_scenario(), "--mode", "det", "--kernel", "./none"});
}

TEST_F(Messages, AKernelVersionThatIsNotCached) {
  expect_refused("kernel_not_cached", {"run", good_scenario(), "--mode", "det", "--kernel", "99.1"});
}

TEST_F(Messages, ASchedulerTogetherWithTheHost) {
  expect_refused("host_scheduler", {"run", good_scenario(), "--host", "--scheduler", "scx_mine -v"});
}
TEST_F(Messages, AFileThatNamesASchedulerTogetherWithTheHost) {
  expect_refused("host_scheduler_of_file", {"run", good_scenario("scheduler = \"scx_mine\"\n"), "--host"});
}
TEST_F(Messages, AKernelTogetherWithTheHost) {
  expect_refused("host_kernel", {"run", good_scenario(), "--host", "--kernel", "7.3"});
}
TEST_F(Messages, SeedsTogetherWithTheHost) {
  expect_refused("host_seeds", {"run", good_scenario(), "--host", "--seeds", "1..9"});
}
TEST_F(Messages, TheShapeOfAGuestTogetherWithTheHost) {
  expect_refused("host_guest_flags",
                 {"run", good_scenario(), "--host", "--topology", "1n1l2c1t", "--mode", "det", "--memory", "1G"});
}
TEST_F(Messages, RunsAtOnceTogetherWithTheHost) {
  expect_refused("host_jobs", {"run", good_scenario(), "--host", "-j", "4"});
}

TEST_F(Messages, AFlagThatDoesNotExist) { expect_refused("unknown_flag", {"run", good_scenario(), "--sed", "1"}); }
TEST_F(Messages, AModeThatDoesNotExist) { expect_refused("unknown_mode", {"run", good_scenario(), "--mode", "fast"}); }
TEST_F(Messages, NoSubcommand) { expect_refused("no_subcommand", {}); }
TEST_F(Messages, ARunToReplayThatIsNotThere) { expect_refused("replay_not_there", {"replay", "2026"}); }
TEST_F(Messages, NoRunToReplay) { expect_refused("replay_no_run", {"replay", "last-failed"}); }
TEST_F(Messages, ADirectoryThatIsNoRun) { expect_refused("replay_no_run_directory", {"replay", "./"}); }
TEST_F(Messages, EvidenceThatDoesNotExist) {
  expect_refused("replay_evidence", {"replay", "last", "--with", "events,trace"});
}
TEST_F(Messages, ATestProgramThatIsNotThere) { expect_refused("test_program_missing", {"test", "./none"}); }
TEST_F(Messages, AKernelToRemoveThatIsNotCached) { expect_refused("kernel_remove", {"kernel", "remove", "none"}); }
TEST_F(Messages, AWarmImageToCleanThatIsNotThere) { expect_refused("warm_clean", {"warm", "clean", "0123"}); }
TEST_F(Messages, AWarmImageOfAnImpossibleMachine) {
  expect_refused("warm_build_memory", {"warm", "build", "--mode", "det", "--memory", "64M"});
}

}  // namespace
}  // namespace ktstr
