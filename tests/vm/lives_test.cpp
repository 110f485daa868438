// SPDX-License-Identifier: Apache-2.0
//
// Schedulers that ops attach, replace and detach while a scenario goes on.
#include <gmock/gmock.h>

#include <tuple>

#include "guests.h"

namespace ktstr {
namespace {

using testing::HasSubstr;

class Lives : public GuestTest {
 protected:
  static constexpr std::string_view kHogs = "[[backdrop.cgroup]]\nname = 'load'\nworkers = 2\nwork = 'SpinWait'\n";
  // One that sleeps, and others, over all steps.
  std::string scenario(const std::string& top, const std::string& steps, std::string_view others = kHogs) {
    return write("lives.toml", fmt::format("{}\n[checks]\nmax_spread_pct = false\n{}"
                                           "[[backdrop.cgroup]]\nname = 'sleeper'\nwork = 'Bursty'\n{}",
                                           top, others, steps))
        .string();
  }
  static std::string step(const std::string& op, const std::string& rest = "") {
    return "[[step]]\nhold = '60ms'\n[[step.op]]\nop = '" + op + "'\n" + rest;
  }
  static std::string scheduler(const std::string& command) { return "scheduler = '" + command + "'\n"; }
  static std::string third_party(const std::string& name) { return (fs::path(KTSTR_THIRD_PARTY_DIR) / name).string(); }
};

TEST_F(Lives, SchedulersAreSwappedUnderLoadAndRunsRepeat) {
  const std::string simple = third_party("scx_simple"), central = third_party("scx_central");
  if (!fs::exists(central)) return skip_or_fail("third_party", central + " is not built; `./dev.sh test` builds it");
  for (const auto& [kernel, second, ops] : {std::tuple<std::string, std::string, std::string>("7", central, "central"),
                                            {"6.18", "other --slice-us 2000", "ktstr"}}) {
    SCOPED_TRACE(kernel);
    need_kernel(kernel);
    const std::string file = scenario("topology = '1n2l1c1t'\nduration = '240ms'\n" + scheduler(simple),
                                      "[[step]]\nhold = '60ms'\n" + step("replace_scheduler", scheduler(second)) +
                                          step("detach_scheduler") + step("attach_scheduler", scheduler(fixture())) +
                                          "[schedulers.other]\nprogram = '" + fixture() + "'\n");
    const GuestRun ran = run({file, "--kernel", kernel});
    ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
    const auto& lives = ran.json.at("schedulers");
    ASSERT_EQ(lives.size(), 3u);
    EXPECT_EQ(lives[0].at("ops"), "simple");
    EXPECT_EQ(lives[1].at("ops"), ops);
    EXPECT_EQ(lives[2].at("ops"), "ktstr");
    for (const auto& life : lives) {
      EXPECT_EQ(life.at("state_at_end"), "enabled") << life;
      EXPECT_FALSE(life.at("log").empty()) << life;
    }
    EXPECT_LT(lives[0].at("to_ns"), lives[1].at("from_ns"));
    EXPECT_LT(lives[1].at("to_ns"), lives[2].at("from_ns"));
    EXPECT_EQ(lives[0].at("exit"), "exited with status 0");
    const GuestRun again = run({file, "--kernel", kernel});
    EXPECT_EQ(again.json.at("digest"), ran.json.at("digest"));
  }
}

TEST_F(Lives, OneThatDoesNotAttachSaysWhyAndTheScenarioIsTornDown) {
  const std::string top = "topology = '1n1l2c1t'\nduration = '120ms'\n" + scheduler(fixture());
  // Without hogs: what the verifier says of a program, and that before it is asked for all of it, takes seconds.
  const GuestRun refused = run({scenario(top, step("replace_scheduler", scheduler(fixture("--fail-verify"))), "")});
  EXPECT_EQ(refused.status, 1) << refused.out << refused.err;
  EXPECT_THAT(refused.failures(), testing::ElementsAre("scheduler_rejected", "step_failed"));
  EXPECT_THAT(refused.first_message(), HasSubstr("scheduler 2 of 2"));
  EXPECT_THAT(refused.first_message(), HasSubstr("the BPF verifier refused the scheduler: R0 invalid mem access"));
  EXPECT_EQ(refused.json.at("workers").size(), 1u) << "all were collected";

  const GuestRun busy = run({scenario(top, step("attach_scheduler", scheduler(fixture("--slice-us 2000"))))});
  EXPECT_EQ(busy.status, 1) << busy.out << busy.err;
  EXPECT_THAT(busy.first_message(), HasSubstr("Device or resource busy"));
  EXPECT_EQ(busy.json.at("schedulers")[0].at("state_at_end"), "enabled") << "the first is not blamed";
  EXPECT_EQ(busy.json.at("schedulers")[0].at("to_ns"), 0);

  const GuestRun crashed = run({scenario(top, step("replace_scheduler", scheduler(fixture("--crash-after 0"))))});
  EXPECT_EQ(crashed.status, 1) << crashed.out << crashed.err;
  EXPECT_THAT(crashed.first_message(), HasSubstr("ktstr fixture: crash requested after 0 ms"));
}

// The one under test is not attached before, and sees what steps have done to the machine.
TEST_F(Lives, OneThatIsAttachedByAnOpFindsTheMachineAsStepsLeftIt) {
  const fs::path script = write(
      "scx_late.sh", "#!/bin/sh\necho \"online: $(cat /sys/devices/system/cpu/online)\"\nexec " + fixture() + "\n");
  fs::permissions(script, fs::perms::owner_all);
  const GuestRun ran = run({scenario("topology = '1n1l2c2t'\nduration = '120ms'\n",
                                     "[[step]]\nhold = '120ms'\n[[step.op]]\nop = 'set_smt'\non = false\n"
                                     "[[step.op]]\nop = 'attach_scheduler'\n"),
                            "--scheduler", script.string()});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  ASSERT_EQ(ran.json.at("schedulers").size(), 1u);
  EXPECT_GT(ran.json.at("schedulers")[0].at("from_ns"), 0);
  EXPECT_THAT(ran.json.at("scheduler_log").dump(), HasSubstr("online: 0,2"));
}

TEST_F(Lives, NobodyIsAskedForThatIsNotThere) {
  const GuestRun missing = run(
      {scenario("topology = '1n1l2c1t'\n" + scheduler(fixture()), step("replace_scheduler", scheduler("scx_none")))});
  EXPECT_EQ(missing.status, 64) << missing.out << missing.err;
  EXPECT_THAT(missing.err + missing.out, HasSubstr("scx_none"));
  const GuestRun nobody = run({scenario("topology = '1n1l2c1t'\n", step("attach_scheduler"))});
  EXPECT_EQ(nobody.status, 64) << nobody.out << nobody.err;
  EXPECT_THAT(nobody.err + nobody.out, HasSubstr("an op attaches the scheduler under test, and there is none"));
}

}  // namespace
}  // namespace ktstr
