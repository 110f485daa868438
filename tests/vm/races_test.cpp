// SPDX-License-Identifier: Apache-2.0
//
// Races of a BPF scheduler and of the kernel's own: what their code touches in memory, CPUs that are held in it, and
// the search that goes from the one to the other.
#include <gmock/gmock.h>

#include "guests.h"

namespace ktstr {
namespace {

using testing::HasSubstr;

class Races : public GuestTest {
 protected:
  void SetUp() override {
    GuestTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    need_kernel("7");
  }
  GuestRun lost_wakeup(std::vector<std::string> more) {
    more.insert(more.begin(), {example("lost_wakeup.toml"), "--scheduler", fixture("--lose-wakeup"), "--kernel", "7"});
    return run(more);
  }
  GuestRun search(std::vector<std::string> more) {
    more.insert(more.begin(), {example("lost_wakeup.toml"), "--scheduler", fixture("--lose-wakeup"), "--kernel", "7"});
    return races(std::move(more));
  }
};

// The search gets no hint where the bug is.
TEST_F(Races, FindTheLostWakeupAndTheTwoLinesOfIt) {
  const GuestRun found = search({"--first", "--runs", "40", "--no-shorten"});
  ASSERT_EQ(found.status, 1) << found.out << found.err;
  const auto& all = found.json.at("races");
  const auto harmful = std::find_if(all.begin(), all.end(), [](const auto& race) {
    return race.at("outcome") == "harmful" && race.at("variable") == "mailboxes[].has_mail";
  });
  ASSERT_NE(harmful, all.end()) << found.out;
  EXPECT_EQ(harmful->at("shape"), "check-then-act");
  EXPECT_EQ(harmful->at("first").at("text"), "if (!mailbox->has_mail) return false;");
  EXPECT_EQ(harmful->at("second").at("text"), "mailbox->has_mail = false;");
  EXPECT_THAT(harmful->at("others").dump(), HasSubstr("mailbox_of(cpu)->has_mail = true;"));
  const auto& failure = harmful->at("failure");
  EXPECT_EQ(failure.at("kind"), "scheduler_stalled");
  EXPECT_EQ(failure.at("repeated"), failure.at("repeats"));

  // Its schedule is a part of the run.
  const GuestRun again = lost_wakeup(
      {"--seed", std::to_string(failure.at("seed").get<int>()), "--hold", failure.at("schedule").get<std::string>()});
  EXPECT_EQ(again.status, 1) << again.out << again.err;
  EXPECT_EQ(again.json.at("tuple").at("schedule"), failure.at("schedule"));
  EXPECT_THAT(again.json.at("repeat_command").get<std::string>(), HasSubstr("--hold '"));
  const GuestRun replayed = replay({failure.at("run").get<std::string>()});
  EXPECT_EQ(replayed.json.at("runs")[0].at("digest"), again.json.at("digest")) << replayed.out;

  // And its story says which CPU stood where.
  const GuestRun story = races({"--explain", failure.at("run").get<std::string>()});
  ASSERT_EQ(story.status, 0) << story.out << story.err;
  const auto& stops = story.json.at("stops");
  const auto met = std::find_if(stops.begin(), stops.end(), [](const auto& stop) { return stop.contains("between"); });
  ASSERT_NE(met, stops.end()) << story.out;
  EXPECT_EQ(met->at("variable"), "mailboxes[].has_mail");
  EXPECT_EQ(met->at("after").at("text"), "if (!mailbox->has_mail) return false;");
  EXPECT_EQ(met->at("before").at("text"), "mailbox->has_mail = false;");
  EXPECT_THAT(met->at("between").at("place").dump(), HasSubstr("has_mail = "));
}

TEST_F(Races, AWatchedRunIsTheSameRunAndSoIsOneInWhichNobodyIsHeld) {
  const GuestRun plain = lost_wakeup({}), watched = lost_wakeup({"--watch-memory"});
  ASSERT_EQ(plain.status, 0) << plain.out << plain.err;
  EXPECT_EQ(watched.json.at("digest"), plain.json.at("digest"));
  EXPECT_GT(watched.json.at("trace_events"), 2 * plain.json.at("trace_events").get<std::uint64_t>());
  const std::vector<std::string> hold = {"--hold", "ktstr_enqueue+0x0 to ktstr_enqueue+0x1 until write"};
  const GuestRun not_met = lost_wakeup(hold);
  EXPECT_EQ(not_met.json.at("digest"), plain.json.at("digest")) << "nobody comes there";
}

TEST_F(Races, SayWhatCannotBeDone) {
  const GuestRun unknown = lost_wakeup({"--hold", "nobody+0x0 to nobody+0x4 until write"});
  EXPECT_EQ(unknown.status, 64) << unknown.out << unknown.err;
  EXPECT_THAT(unknown.err + unknown.out, HasSubstr("no code at nobody+0x0"));
  const GuestRun real_time = lost_wakeup({"--mode", "tcg", "--watch-memory"});
  EXPECT_EQ(real_time.status, 64) << real_time.out << real_time.err;
  EXPECT_THAT(real_time.err + real_time.out, HasSubstr("--watch-memory needs the recorder"));
  const GuestRun held = search({"--hold", "f+0x0 to f+0x1"});
  EXPECT_EQ(held.status, 64) << held.out << held.err;
  EXPECT_THAT(held.err, HasSubstr("leave --hold out"));
}

// The kernel's own scheduler, of which functions are watched.
class KernelRaces : public Races {
 protected:
  static std::vector<std::string> test_with(std::vector<std::string> more) {
    more.insert(more.begin(), {example("two_cgroups.toml"), "--duration", "50ms", "--kernel", "7"});
    return more;
  }
};

TEST_F(KernelRaces, AWatchedRunIsTheSameRun) {
  const GuestRun plain = run(test_with({}));
  ASSERT_EQ(plain.status, 0) << plain.out << plain.err;
  for (const std::string code : {"update_curr,pick_eevdf", "kernel/sched"}) {
    const GuestRun watched = run(test_with({"--watch-kernel", code}));
    EXPECT_EQ(watched.json.at("digest"), plain.json.at("digest")) << code;
    EXPECT_GT(watched.json.at("trace_events"), plain.json.at("trace_events").get<std::uint64_t>());
  }
}

TEST_F(KernelRaces, AreLookedForWithoutABpfSchedulerAndForcedRunsRepeat) {
  const GuestRun found =
      races(test_with({"--watch-kernel", "update_curr,try_to_wake_up,update_rq_clock", "--runs", "3"}));
  ASSERT_EQ(found.status, 0) << found.out << found.err;
  const auto& races = found.json.at("races");
  ASSERT_FALSE(races.empty()) << found.out;
  const std::string schedule = races[0].at("schedule");
  EXPECT_THAT(schedule, HasSubstr(" in update_curr,try_to_wake_up,update_rq_clock"));
  EXPECT_THAT(found.json.at("races").dump(), HasSubstr("runqueues[]."));
  const GuestRun forced = run(test_with({"--hold", schedule})), again = run(test_with({"--hold", schedule}));
  EXPECT_EQ(forced.json.at("tuple").at("schedule"), schedule) << forced.out << forced.err;
  EXPECT_EQ(forced.json.at("digest"), again.json.at("digest"));
}

TEST_F(KernelRaces, LeaveOutWhatTheLockOfARunqueueProtects) {
  const GuestRun found = races(test_with({"--watch-kernel", "kernel/sched", "--runs", "1"}));
  ASSERT_EQ(found.status, 0) << found.out << found.err;
  std::size_t under_its_lock = 0;
  for (const auto& race : found.json.at("races")) {
    EXPECT_EQ(race.at("outcome") == "protected by a lock", race.at("lock") != "") << race.dump();
    if (race.at("lock") == "runqueues[].__lock") ++under_its_lock;
  }
  EXPECT_GT(under_its_lock, 0u);
}

TEST_F(KernelRaces, SayWhatTheKernelDoesNotHave) {
  const GuestRun unknown = run(test_with({"--watch-kernel", "update_curr,nobody"}));
  EXPECT_EQ(unknown.status, 64) << unknown.out << unknown.err;
  EXPECT_THAT(unknown.err + unknown.out, HasSubstr("this kernel has no function nobody"));
}

}  // namespace
}  // namespace ktstr
