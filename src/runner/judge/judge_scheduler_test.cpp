// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/judge_scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ktstr {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Kind = SchedulerRecord::Kind;

const std::string kEnabled = "sched_ext: BPF scheduler \"simple\" enabled";

std::string disabled(const std::string& reason) {
  return "sched_ext: BPF scheduler \"simple\" disabled (" + reason + ")";
}

GuestStory story_of_attached() {
  GuestStory story;
  story.scheduler().attached =
      SchedulerRecord{.kind = Kind::kAttached, .state = "enabled", .ops = "simple", .enable_seq = 1};
  story.scheduler().checked =
      SchedulerRecord{.kind = Kind::kChecked, .state = "enabled", .ops = "simple", .enable_seq = 1};
  story.body_start_ns = 1'000'000'000;
  return story;
}

void log(GuestStory& story, std::vector<std::string> lines) {
  story.kernel_log_in_test = lines;
  story.kernel_log = std::move(lines);
}

void end_process(GuestStory& story, std::string exit) {
  story.scheduler().checked->state = "disabled";
  story.scheduler().exited = SchedulerRecord{.kind = Kind::kExited, .state = "disabled", .exit = std::move(exit)};
  story.scheduler().exited_ns = 1'500'000'000;
}

RunRecord judged(const GuestStory& story, std::vector<Detail> details = {}) {
  RunRecord record;
  record.details = std::move(details);
  judge_scheduler({.settings = {.test = "t"}, .scheduler = "scx_simple"}, story, {}, record);
  return record;
}

std::vector<Detail> failing(const RunRecord& record) {
  std::vector<Detail> found;
  for (const Detail& detail : record.details)
    if (detail.verdict == Verdict::kFail) found.push_back(detail);
  return found;
}

TEST(JudgeScheduler, FindsNothingWhereItIsAttachedThroughout) {
  EXPECT_THAT(judged(story_of_attached()).details, IsEmpty());
}

TEST(JudgeScheduler, MakesOneFindingOfAStallAndKeepsTheStep) {
  GuestStory story = story_of_attached();
  end_process(story, "exited with status 1");
  log(story, {kEnabled, disabled("runnable task stall"), "sched_ext: simple: a/0[77] failed to run for 2.004s"});
  story.scheduler_log = {"kworker/u8:2[39] triggered exit kind 1026:",
                         "  runnable task stall (x)",
                         "",
                         "CPU 1   : nr_run=1 x",
                         "          curr=hog[5] class=rt_sched_class",
                         "",
                         "  R a/0[77] -2004ms",
                         "      sticky/holding_cpu=-1/-1 dsq_id=0x8000000000000002",
                         "      cpus=2 no_mig=0"};
  for (const DetailKind guess :
       {DetailKind::kSchedulerCrashed, DetailKind::kSchedulerStalled, DetailKind::kSchedulerExited}) {
    const auto found = failing(judged(story, {{.kind = guess, .message = "the executor's", .step = 2}}));
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].kind, DetailKind::kSchedulerStalled);
    EXPECT_EQ(found[0].step, 2);
    EXPECT_THAT(found[0].message,
                HasSubstr("the kernel's watchdog ended the scheduler 0.500 s after the body's start"));
    EXPECT_THAT(found[0].message, HasSubstr("CPU 1 was held by the real-time task hog[5]"));
  }
}

TEST(JudgeScheduler, PassesOneThatTheKernelEndedOnHotplugAndThatAttachedAgain) {
  GuestStory story = story_of_attached();
  story.scheduler().checked->enable_seq = 3;
  log(story, {kEnabled, "[    2.000] " + disabled("unregistered from the main kernel"), "[    2.500] " + kEnabled,
              "[    3.500] " + disabled("unregistered from the main kernel"), "[    9.000] " + kEnabled});
  story.marks = {{.at_ns = 1'000'000'000}, {.at_ns = 4'000'000'000}};
  story.scheduler_log = {"EXIT: unregistered from the main kernel (cpu 3 going offline, exiting scheduler)"};
  const RunRecord record = judged(story);
  EXPECT_THAT(failing(record), IsEmpty());
  ASSERT_THAT(record.details, SizeIs(1));
  EXPECT_EQ(record.details[0].kind, DetailKind::kNote);
  EXPECT_THAT(record.details[0].message, HasSubstr("ended the scheduler 2 times because a CPU went online or offline"));
  EXPECT_THAT(record.details[0].message, HasSubstr("1.0 s of the scenario's 3.0 s (cpu 3 going offline"));
}

TEST(JudgeScheduler, DecidesNothingOfOneThatCameBackAfterTheLastHold) {
  GuestStory story = story_of_attached();
  story.scheduler().checked->enable_seq = 2;
  log(story, {kEnabled, "[    2.000] " + disabled("unregistered from the main kernel"), "[    3.500] " + kEnabled});
  story.marks = {{.at_ns = 1'000'000'000},
                 {.kind = StepMark::Kind::kScenarioPause, .at_ns = 3'000'000'000},
                 {.kind = StepMark::Kind::kScenarioEnd, .at_ns = 4'000'000'000}};
  const RunRecord late = judged(story);
  ASSERT_THAT(late.details, SizeIs(1));
  EXPECT_EQ(late.details[0].verdict, Verdict::kInconclusive);
  EXPECT_EQ(late.details[0].kind, DetailKind::kSchedulerNotUsed);
  EXPECT_THAT(late.details[0].message, HasSubstr("it was not back before the scenario's end"));
  story.marks[1].at_ns = 3'600'000'000;
  EXPECT_EQ(judged(story).details.at(0).verdict, Verdict::kPass);
}

TEST(JudgeScheduler, FailsOneThatDoesNotAttachAgainAfterHotplug) {
  GuestStory story = story_of_attached();
  end_process(story, "exited with status 0");
  log(story, {kEnabled, disabled("unregistered from the main kernel")});
  story.scheduler_log = {"EXIT: unregistered from the main kernel (cpu 3 going offline, exiting scheduler)"};
  const auto found = failing(judged(story));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, DetailKind::kSchedulerExited);
  EXPECT_THAT(found[0].message, HasSubstr("the kernel ended the scheduler because a CPU went online or offline"));
  EXPECT_THAT(found[0].message, HasSubstr("cpu 3 going offline"));
  EXPECT_THAT(found[0].message, HasSubstr("its process exited with status 0"));
  story.scheduler().exited.reset();
  EXPECT_THAT(failing(judged(story)).at(0).message, HasSubstr("it did not attach again, and its process lives"));
}

TEST(JudgeScheduler, SaysWhoEndedIt) {
  for (const auto& [reason, exit, words, kind] :
       {std::tuple("unregistered from user space", "exited with status 0", "the scheduler's program ended",
                   DetailKind::kSchedulerExited),
        std::tuple("unregistered from user space", "killed by signal 9 (SIGKILL)",
                   "the scheduler's process was killed by signal 9", DetailKind::kSchedulerCrashed),
        std::tuple("unregistered from BPF", "exited with status 0", "the scheduler's BPF code ended it 0",
                   DetailKind::kSchedulerExited),
        std::tuple("disabled by sysrq-S", "exited with status 0", "sysrq-S ended the scheduler",
                   DetailKind::kSchedulerExited),
        std::tuple("scx_bpf_error", "exited with status 1", "BPF code ended it with an error",
                   DetailKind::kSchedulerCrashed),
        std::tuple("runtime error", "exited with status 1", "the kernel ended the scheduler for an error",
                   DetailKind::kSchedulerCrashed)}) {
    GuestStory story = story_of_attached();
    end_process(story, exit);
    log(story, {kEnabled, disabled(reason)});
    const auto found = failing(judged(story));
    ASSERT_THAT(found, SizeIs(1)) << reason;
    EXPECT_THAT(found[0].message, HasSubstr(words));
    EXPECT_THAT(found[0].message, Not(HasSubstr("process killed by")));
    EXPECT_EQ(found[0].kind, kind) << reason;
  }
}

TEST(JudgeScheduler, FailsOneThatUnloadedItselfAndAttachedAgain) {
  GuestStory story = story_of_attached();
  story.scheduler().checked->enable_seq = 2;
  log(story, {kEnabled, disabled("unregistered from user space"), kEnabled});
  const auto found = failing(judged(story));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_THAT(found[0].message,
              HasSubstr("the scheduler's program unloaded it (unregistered from user space); it attached again"));
}

TEST(JudgeScheduler, FailsOneThatIsAnotherAtTheEndAlsoWhereTheLogDoesNotSayWhy) {
  GuestStory story = story_of_attached();
  story.scheduler().checked->enable_seq = 2;
  EXPECT_THAT(failing(judged(story)).at(0).message, HasSubstr("was not the one at the end"));
}

TEST(JudgeScheduler, SaysNothingOfItsEndWhereTheGuestWasLostBefore) {
  GuestStory story = story_of_attached();
  story.scheduler().checked.reset();
  EXPECT_THAT(judged(story).details, IsEmpty());
}

TEST(JudgeScheduler, TakesNoEndFromBeforeItWasAttached) {
  GuestStory story = story_of_attached();
  log(story, {kEnabled, disabled("unregistered from user space"), kEnabled});
  EXPECT_THAT(judged(story).details, IsEmpty()) << "it tried itself out first";
}

TEST(JudgeScheduler, FailsOneThatDoesNotUnload) {
  GuestStory story = story_of_attached();
  story.scheduler().killed = SchedulerRecord{.kind = Kind::kKilled, .exit = "state D in x"};
  story.scheduler().not_detached =
      SchedulerRecord{.kind = Kind::kNotDetached, .state = "disabling", .exit = "state D in scx_disable"};
  const auto found = failing(judged(story));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, DetailKind::kSchedulerNotDetached);
  EXPECT_THAT(found[0].message, HasSubstr("'disabling'; its process is in state D in scx_disable"));
}

TEST(JudgeScheduler, NotesOneThatHadToBeKilled) {
  GuestStory story = story_of_attached();
  story.scheduler().killed = SchedulerRecord{.kind = Kind::kKilled, .exit = "state S in do_epoll_wait"};
  const RunRecord record = judged(story);
  EXPECT_THAT(failing(record), IsEmpty());
  EXPECT_THAT(record.details.at(0).message, HasSubstr("did not end on SIGTERM (state S in do_epoll_wait)"));
}

TEST(JudgeScheduler, CallsOneStalledThatDoesNotRunItsOwnProcess) {
  GuestStory story = story_of_attached();
  story.scheduler().not_run = SchedulerRecord{.kind = Kind::kNotRun, .exit = "state R"};
  const auto found = failing(judged(story));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, DetailKind::kSchedulerStalled);
  EXPECT_THAT(found[0].message, HasSubstr("does not run its own process"));
}

TEST(JudgeScheduler, SeesAnErrorThatCameOnlyWhileItWasUnloaded) {
  GuestStory story = story_of_attached();
  story.kernel_log_in_test = {kEnabled};
  story.kernel_log = {kEnabled, disabled("runnable task stall"), "sched_ext: simple: a/0[77] failed to run for 9.004s"};
  const auto found = failing(judged(story));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, DetailKind::kSchedulerStalled);
  EXPECT_THAT(found[0].message, HasSubstr("while it was being unloaded"));
  story.kernel_log = {kEnabled, disabled("unregistered from user space")};
  EXPECT_THAT(judged(story).details, IsEmpty());
}

// Of a first one that an op ends and a second one, as far as that comes.
GuestStory story_of_two() {
  GuestStory story;
  story.body_start_ns = 1'000'000'000;
  story.scheduler_log = {"first line"};
  story.kernel_log_in_test = {kEnabled};
  const auto say = [&](SchedulerRecord record, std::uint64_t at) {
    ASSERT_TRUE(story.schedulers.add(std::move(record), at, false,
                                     {story.scheduler_log.size(), story.kernel_log_in_test.size()}));
  };
  say({.kind = Kind::kAttached, .state = "enabled", .ops = "first", .enable_seq = 1, .life = 1}, 900'000'000);
  say({.kind = Kind::kAsked, .state = "enabled", .ops = "first", .enable_seq = 1, .life = 1}, 1'200'000'000);
  story.kernel_log_in_test.push_back(disabled("unregistered from user space"));
  say({.kind = Kind::kExited, .state = "disabled", .exit = "exited with status 0", .life = 1}, 1'210'000'000);
  say({.kind = Kind::kStarted, .state = "disabled", .life = 2, .name = "scx_b"}, 1'220'000'000);
  story.scheduler_log.emplace_back("second line");
  return story;
}

RunRecord judged_two(const GuestStory& story, const Checks& checks = {}) {
  RunRecord record;
  RunRequest request{.scheduler = "scx_a", .staged = {{"scx_b", {.command = "/opt/scx_b -v", .copies = 1}}}};
  request.settings.checks = checks;
  judge_scheduler(request, story, {}, record);
  return record;
}

// Before the second one has come anywhere, and where none is swapped at all.
TEST(JudgeScheduler, AStormIsSurvivedOnlyWhereThereWasOne) {
  const RunRecord swapped = judged_two(story_of_two(), {.survives_storm = true});
  EXPECT_THAT(swapped.checked.back().text, HasSubstr("survives_storm: 2 schedulers one after another, 1 of them"));
  for (const bool has_scheduler : {true, false}) {
    RunRequest request{.scheduler = has_scheduler ? "scx_a" : ""};
    request.settings.checks.survives_storm = true;
    RunRecord record;
    judge_scheduler(request, has_scheduler ? story_of_attached() : GuestStory(), {}, record);
    ASSERT_FALSE(record.details.empty()) << has_scheduler;
    EXPECT_EQ(record.details.back().verdict, Verdict::kInconclusive);
    EXPECT_THAT(record.details.back().message, HasSubstr("no op restarted, replaced or detached"));
  }
}

TEST(JudgeScheduler, FindsNothingWhereAnOpPutsAnotherOneInItsPlace) {
  GuestStory story = story_of_two();
  ASSERT_TRUE(
      story.schedulers.add({.kind = Kind::kAttached, .state = "enabled", .ops = "second", .enable_seq = 2, .life = 2},
                           1'300'000'000, false));
  ASSERT_TRUE(story.schedulers.add(
      {.kind = Kind::kChecked, .state = "enabled", .ops = "second", .enable_seq = 2, .life = 2}, 2'000'000'000, false));
  const RunRecord record = judged_two(story);
  EXPECT_THAT(record.details, IsEmpty());
  ASSERT_THAT(record.schedulers, SizeIs(2));
  const SchedulerSeen &first = record.schedulers[0], &second = record.schedulers[1];
  EXPECT_EQ(first.command, "scx_a");
  EXPECT_EQ(first.exit, "exited with status 0");
  EXPECT_TRUE(first.ended_by_op);
  EXPECT_EQ(first.from_ns, 0u) << "before the body";
  EXPECT_EQ(first.to_ns, 200'000'000u);
  EXPECT_THAT(first.log, testing::ElementsAre("first line"));
  EXPECT_EQ(second.command, "/opt/scx_b -v");
  EXPECT_EQ(second.ops, "second");
  EXPECT_EQ(second.from_ns, 300'000'000u);
  EXPECT_EQ(second.to_ns, 0u);
  EXPECT_EQ(first.without_ns, 0u);
  EXPECT_EQ(second.without_ns, second.from_ns - first.to_ns);
  EXPECT_THAT(second.log, testing::ElementsAre("second line"));
}

TEST(JudgeScheduler, NamesWhichOfSeveralDidNotAttachAndWhy) {
  GuestStory story = story_of_two();
  story.scheduler_log.emplace_back("scx_b: no such option");
  ASSERT_TRUE(story.schedulers.add({.kind = Kind::kExited, .exit = "exited with status 1", .life = 2}, 1'300'000'000,
                                   false, {3, 2}));
  ASSERT_TRUE(
      story.schedulers.add({.kind = Kind::kNotAttached, .state = "disabled", .life = 2}, 1'300'000'000, false, {3, 2}));
  const auto found = failing(judged_two(story));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, DetailKind::kSchedulerRejected);
  EXPECT_THAT(found[0].message, HasSubstr("scheduler 2 of 2 (/opt/scx_b -v): the scheduler exited with status 1"));
}

TEST(JudgeScheduler, IsNotSureOfATestWhoseOpNeverAttachedIt) {
  RunRecord record;
  judge_scheduler({.scheduler = "scx_a", .attach_by_op = true, .staged = {{"", {.command = "scx_a"}}}}, {}, {}, record);
  ASSERT_THAT(record.details, SizeIs(1));
  EXPECT_EQ(record.details[0].verdict, Verdict::kInconclusive);
  EXPECT_EQ(record.details[0].kind, DetailKind::kSchedulerNotUsed);
  EXPECT_THAT(record.checked, IsEmpty()) << "nothing of it was";
}

TEST(JudgeScheduler, JudgesTheFirstOneThatEndsBeforeItIsAsked) {
  GuestStory story;
  const auto say = [&](SchedulerRecord record) { ASSERT_TRUE(story.schedulers.add(std::move(record), 10, false)); };
  say({.kind = Kind::kAttached, .state = "enabled", .ops = "first", .enable_seq = 1, .life = 1});
  say({.kind = Kind::kExited, .state = "disabled", .exit = "killed by signal 9", .life = 1});
  say({.kind = Kind::kAttached, .state = "enabled", .ops = "second", .enable_seq = 2, .life = 2});
  say({.kind = Kind::kChecked, .state = "enabled", .ops = "second", .enable_seq = 2, .life = 2});
  const RunRecord record = judged_two(story);
  const auto found = failing(record);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, DetailKind::kSchedulerCrashed);
  EXPECT_THAT(found[0].message, HasSubstr("scheduler 1 of 2 (scx_a): "));
  EXPECT_EQ(record.scheduler().ops, "second");
}

TEST(JudgeScheduler, FindsAnErrorOfOneThatAnOpIsEnding) {
  GuestStory story = story_of_two();
  story.kernel_log_in_test = {kEnabled, disabled("runtime error"), "sched_ext: simple: it broke"};
  const auto found = failing(judged_two(story));
  ASSERT_THAT(found, SizeIs(2)) << "and the second is not attached";
  EXPECT_TRUE(std::any_of(found.begin(), found.end(), [](const Detail& detail) {
    return detail.message.find("while it was being unloaded") != std::string::npos;
  }));
}

TEST(JudgeScheduler, GivesTheLineWithTheErrorAsTheReasonAndNotTheEndOfTheHelp) {
  GuestStory story;
  story.scheduler().exited = SchedulerRecord{.kind = Kind::kExited, .exit = "exited with status 1"};
  story.scheduler_log = {"starting", "scx_simple: Unrecognized option '-z'", "Usage: scx_simple [-f]",
                         "  -f  use FIFO"};
  EXPECT_EQ(failing(judged(story)).at(0).message,
            "the scheduler exited with status 1 before it was enabled: scx_simple: Unrecognized option '-z'");
  story.scheduler_log = {"starting", "out of luck", " "};
  EXPECT_THAT(failing(judged(story)).at(0).message, HasSubstr("enabled: out of luck"));
  story.scheduler().exited->exit = "killed by signal 9 (SIGKILL)";
  EXPECT_THAT(failing(judged(story)).at(0).message, HasSubstr("the scheduler was killed by signal 9 (SIGKILL) before"));
}

TEST(JudgeScheduler, CallsAProgramThatEndsWellAndLoadsNothingNotAttached) {
  GuestStory story;
  story.scheduler().exited = SchedulerRecord{.kind = Kind::kExited, .exit = "exited with status 0"};
  story.scheduler_log = {"usage: scx_simple"};
  EXPECT_EQ(failing(judged(story)).at(0).kind, DetailKind::kSchedulerNotAttached);
}

}  // namespace
}  // namespace ktstr
