// SPDX-License-Identifier: Apache-2.0
//
// How a scheduler starts and ends: what it needs in the guest comes along or is named, and what is said of its end is
// true.
#include <gmock/gmock.h>

#include "guests.h"

namespace ktstr {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class SchedulerEnds : public GuestTest {
 protected:
  fs::path scenario(const std::string& keys, const std::string& duration = "300ms") {
    return write("ends.toml", "topology = '1n1l2c1t'\nduration = '" + duration + "'\n" + keys +
                                  "[[cgroup]]\nname = 'cg_0'\nworkers = 2\n");
  }
  fs::path script(const std::string& name, const std::string& text) {
    const fs::path path = write(name, "#!/bin/sh\n" + text + "\n");
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }
  GuestRun run_under(const std::string& scheduler, const fs::path& file) {
    return run({file.string(), "--scheduler", scheduler});
  }
  // Goes on for a second of the test, with `scheduler` in the background.
  fs::path short_lived_script(const std::string& scheduler, const std::string& end) {
    return script("wrap.sh", "setsid " + scheduler +
                                 " &\nuntil read state < /sys/kernel/sched_ext/state && [ \"$state\" = enabled ]; do "
                                 "sleep 0.1; done\nsleep 1\n" +
                                 end);
  }
  static std::vector<std::string> notes(const GuestRun& ran) {
    std::vector<std::string> found;
    for (const auto& detail : ran.json["details"])
      if (detail["kind"] == "note") found.push_back(detail["message"]);
    return found;
  }
};

// The watchdog of 30 s does not see it: the scheduler's own process is one of the tasks that are not run.
TEST_F(SchedulerEnds, OneThatNoLongerRunsItsOwnProcessIsStalledAndUnloadedAllTheSame) {
  const GuestRun ran =
      run_under(fixture("--stall-after 400 --watchdog-ms 30000"), scenario("[checks]\nmax_gap = '5s'\n", "1s"));
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.failures(), Contains("scheduler_stalled"));
  EXPECT_THAT(ran.out, HasSubstr("does not run its own process"));
}

// 7.3 gives tasks of sched_ext some time beside real-time ones, 6.18 does not.
TEST_F(SchedulerEnds, ARealTimeTaskThatHoldsTheCpuOfAStalledOneIsNamed) {
  need_kernel("6.18");
  if (IsSkipped() || HasFatalFailure()) return;
  const fs::path file = write("hog.toml",
                              "topology = '1n1l2c1t'\nduration = '3s'\n"
                              "[[cgroup]]\nname = 'hog'\nworkers = 1\ncpuset = '1'\npolicy = 'fifo:10'\n"
                              "[[cgroup]]\nname = 'victim'\nworkers = 1\ncpuset = '1'\n");
  const GuestRun ran = run({file.string(), "--scheduler", fixture(), "--kernel", "6.18"});
  EXPECT_THAT(ran.failures(), Contains("scheduler_stalled")) << ran.out << ran.err;
  EXPECT_THAT(ran.first_message(), HasSubstr("CPU 1 was held by the real-time task hog/0["));
}

// What it starts ends on SIGTERM; the script itself has to be killed.
TEST_F(SchedulerEnds, AScriptThatIgnoresSigtermPassesWithANote) {
  const fs::path wrapper = script("wrap.sh", "trap '' TERM\n" + fixture() + "\nwhile :; do sleep 1; done");
  const GuestRun ran = run_under(wrapper.string(), scenario(""));
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(ran.json["schedulers"].back()["ops"], "ktstr");
  EXPECT_THAT(notes(ran), Contains(HasSubstr("did not end on SIGTERM")));
}

// In a session of its own, so not in the group of the script, which waits for it.
TEST_F(SchedulerEnds, OneThatLeftItsProcessGroupIsEndedBySigterm) {
  const fs::path wrapper = script("wrap.sh", "setsid " + fixture() + " &\nwait");
  const GuestRun ran = run_under(wrapper.string(), scenario(""));
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(ran.json["schedulers"].back()["ops"], "ktstr");
  EXPECT_THAT(notes(ran), Each(Not(HasSubstr("SIGTERM"))));
}

TEST_F(SchedulerEnds, OneWhoseScriptLeavesItBehindIsTheScheduler) {
  const fs::path wrapper = script("wrap.sh", "(setsid " + fixture() + " &)\nexit 0");
  const GuestRun ran = run_under(wrapper.string(), scenario(""));
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(ran.json["schedulers"].back()["ops"], "ktstr");
  EXPECT_THAT(notes(ran), Each(Not(HasSubstr("SIGTERM"))));
}

TEST_F(SchedulerEnds, OneWhoseScriptLeavesItBehindDuringTheTestIsTheScheduler) {
  const GuestRun ran = run_under(short_lived_script(fixture(), "exit 0").string(), scenario("", "3s"));
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.json["scheduler_log"].dump(), HasSubstr("exited with status 0 and left"));
}

TEST_F(SchedulerEnds, OneThatItsScriptLeftBehindIsFoundWhenItEnds) {
  const fs::path wrapper = script("wrap.sh", "setsid " + fixture("--exit-after 800") + " &\nexit 0");
  const GuestRun ran = run_under(wrapper.string(), scenario("", "2s"));
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.failures(), ElementsAre("scheduler_exited"));
  EXPECT_THAT(ran.first_message(), HasSubstr("its process exited with status 0"));
}

TEST_F(SchedulerEnds, AScriptThatFailsIsNotExcusedByWhatItLeavesBehind) {
  const GuestRun ran = run_under(short_lived_script(fixture(), "exit 3").string(), scenario("", "3s"));
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.failures(), ElementsAre("scheduler_exited"));
  EXPECT_THAT(ran.first_message(), HasSubstr("its process exited with status 3, and a scheduler is still enabled"));
}

TEST_F(SchedulerEnds, AFileThatItReadsAtItsStartComesAlong) {
  const fs::path options = write("options", "--slice-us 3000\n");
  const fs::path wrapper =
      script("wrap.sh", "read options < " + options.string() + " || exit 1\n" + fixture() + " $options");
  const GuestRun ran = run({scenario("scheduler_include = ['" + options.string() + "']\n").string(), "--scheduler",
                            wrapper.string(), "--cold"});
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  const GuestRun without = run_under(wrapper.string(), scenario(""));
  EXPECT_EQ(without.status, 64) << without.out << without.err;
  EXPECT_THAT(without.out, HasSubstr(options.string() + ", which is not in the guest"));
}

TEST_F(SchedulerEnds, AProgramThatItsScriptMissesIsNoFaultOfTheScheduler) {
  const GuestRun ran = run_under(script("wrap.sh", "SCX=scx_elsewhere\nexec $SCX").string(), scenario(""));
  EXPECT_EQ(ran.status, 64) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("calls scx_elsewhere, which is not in the guest"));
}

TEST_F(SchedulerEnds, ASysctlThatTheGuestLacksIsNoFaultOfTheScheduler) {
  const fs::path file = write("sysctl.toml", R"(
topology = '1n1l2c1t'
duration = '200ms'
[[step]]
[[step.cgroup]]
name = 'a'
workers = 2
[[step.op]]
op = 'write_sysctl'
name = 'kernel.sched_no_such'
value = 1
)");
  const GuestRun ran = run({file.string(), "--scheduler", fixture("")});
  EXPECT_EQ(ran.status, 64) << ran.out << ran.err;
  EXPECT_THAT(ran.json["error"].get<std::string>(),
              testing::AllOf(HasSubstr("the machine lacks what it asks for: "),
                             HasSubstr("sysctl kernel.sched_no_such: there is no /proc/sys/")));
  EXPECT_EQ(ran.json["error_hint"], "this kernel has no such sysctl");
}

}  // namespace
}  // namespace ktstr
