// SPDX-License-Identifier: Apache-2.0
#include "cli/why/why.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "results/run_record_json.h"
#include "trace/testing/made_trace.h"

namespace ktstr::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A body from 1000 ms on in which load/3 waits for 600 ms beside an idle CPU.
class WhyTest : public MadeTrace {
 protected:
  WhyTest() {
    record_.id = "20261129-040454.123-idle-0a1b";
    record_.test = "idle";
    record_.mode = "det";
    record_.outcome = Outcome::kFail;
    record_.body_start_ns = 1000 * kMs;
    record_.repeat_command = "ktstr run idle.toml --seed 1";
    record_.replay_command = "ktstr replay " + record_.id;
    StepMark step;
    step.kind = StepMark::Kind::kStepStart;
    step.step = 1;
    step.at_ns = 1001 * kMs;
    step.name = "crowded";
    record_.marks = {step};
  }
  void leave_idle() {
    record_.details = {{.kind = DetailKind::kWorkConservation,
                        .message = "CPU 1 was idle for 600 ms: in 600 ms it waited",
                        .cgroup = "load",
                        .worker = 3,
                        .step = 1}};
    record_.traced = {{.kind = DetailKind::kWorkConservation,
                       .cgroup = "load",
                       .worker = 3,
                       .step = 1,
                       .headline = "CPU 1 was idle for 600 ms",
                       .pid = 7,
                       .cpu = 1,
                       .from_ns = 1100 * kMs,
                       .to_ns = 1700 * kMs,
                       .cause = "the BPF scheduler"}};
    fork(1000, 50, "load/1");
    fork(1001, 7, "load/3");
    run(1001, 50, 0);
    wake(1001, 7);
    run(1002, 7, 1);
    sleep(1090, 7, 1);
    wake(1100, 7);
    at(1100, trace::DsqInsert{.pid = 7, .dsq = 0, .slice = 5 * kMs});
    run(1701, 7, 1);
    at(2000, trace::Tick{});
  }
  Why find(bool with_trace = true) {
    const fs::path run = directory_.path() / "run";
    fs::create_directories(run);
    EXPECT_TRUE(store_run_record(record_, run));
    if (with_trace) store_trace(run / kTraceFileName, events_, {.kernel = "7", .cpus = 2, .source = "plugin"});
    auto why = find_out_why(run);
    EXPECT_TRUE(why) << why.error().message();
    return why ? *std::move(why) : Why{};
  }
  std::string text(bool with_trace = true) { return to_text(find(with_trace), false); }

  RunRecord record_;
};

TEST_F(WhyTest, TellsTheStoryOnAScreen) {
  leave_idle();
  EXPECT_EQ(text(), R"(FAIL  idle
  Finding    work_conservation in step 1: crowded, 0.100000 s into the body,
             with no op before it
             CPU 1 was idle for 600 ms
  Victim     load/3 (pid 7), class ext, in cgroup cgroup 9; it may run on any
             CPU
             in 600.0 ms it waited 600.0 ms; it was in the scheduler's queue 0x0
  Meanwhile  CPU 0: load/1[50] 100%
             CPU 1: idle 100%
  Cause      the BPF scheduler
  Before     0.090000 s CPU 1 ran its last task: load/3[7]
             0.090000 s load/3[7] ran last: on CPU 1, for 88.0 ms
             0.100000 s the last that was done to it until the end of the bad
             window: load/3[7] goes into the scheduler's queue 0x0, with a slice
             of 5.0 ms

Timeline (a column is 11.4 ms; the bad window is 600.0 ms)
             0.025000 s                                              0.775000 s
                   [====================================================]
  CPU 0      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
  CPU 1      ######.....................................................#######
  load/3     ######-wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww#######
             A load/1[50], # load/3[7] runs, . idle, w waits, - sleeps

Around its beginning (seconds into the body, on which CPU it was seen)
   0.001000 [000] load/3[7] is made by <idle>
   0.001000 [000] load/1[50] runs on CPU 0
   0.001000 [000] load/3[7] is woken, onto the queue of CPU 0 (class ext)
   0.002000 [001] load/3[7] runs on CPU 1
   0.090000 [001] CPU 1 goes idle; load/3[7] sleeps
>  0.100000       the bad window begins
   0.100000 [000] load/3[7] is woken, onto the queue of CPU 0 (class ext)
   0.100000 [000] load/3[7] goes into the scheduler's queue 0x0, with a slice ..

Go on
  ktstr trace 20261129-040454.123-idle-0a1b --text --from 0.025 --to 0.775
  ktstr trace 20261129-040454.123-idle-0a1b -o why.pftrace
  ktstr run idle.toml --seed 1
  ktstr replay 20261129-040454.123-idle-0a1b
)");
}

TEST_F(WhyTest, ThatIsShortIsAPartOfTheReport) {
  leave_idle();
  EXPECT_EQ(short_story(find(false), false, 80), "") << "there is no trace";
  EXPECT_EQ(short_story(find(), false, 80),
            R"(  victim     load/3 (pid 7), class ext, in cgroup cgroup 9; it may run on any
             CPU
             in 600.0 ms it waited 600.0 ms; it was in the scheduler's queue 0x0
  meanwhile  CPU 0: load/1[50] 100%
             CPU 1: idle 100%
  cause      the BPF scheduler

Timeline (a column is 11.4 ms; the bad window is 600.0 ms)
             0.025000 s                                              0.775000 s
                   [====================================================]
  CPU 0      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
  CPU 1      ######.....................................................#######
  load/3     ######-wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww#######
             A load/1[50], # load/3[7] runs, . idle, w waits, - sleeps
)");
}

TEST_F(WhyTest, FitsTheScreen) {
  leave_idle();
  const std::string shown = text();
  for (std::size_t at = 0, end = 0; (end = shown.find('\n', at)) != std::string::npos; at = end + 1) {
    const std::string line = shown.substr(at, end - at);
    EXPECT_TRUE(line.size() <= 80 || line.starts_with("  ktstr ")) << line;
  }
  EXPECT_LE(std::count(shown.begin(), shown.end(), '\n'), 40);
  EXPECT_THAT(shown, Not(HasSubstr("\x1b")));
  EXPECT_THAT(to_text(find(), true), HasSubstr("\x1b[1;31mFAIL"));
}

TEST_F(WhyTest, NamesTheOpsBeforeIt) {
  leave_idle();
  Stimulus ops;
  ops.at_ns = 1040 * kMs;
  ops.ops = 2;
  ops.op_kinds = {"set_cpuset", "set_nice"};
  record_.stimuli = {ops};
  EXPECT_EQ(scene_of(find()), "in step 1: crowded, 0.100000 s into the body, 60.0 ms after set_cpuset, set_nice");
}

TEST_F(WhyTest, GivesTheCommandsToGoOn) {
  leave_idle();
  EXPECT_THAT(ways_on(find()),
              ElementsAre("ktstr trace 20261129-040454.123-idle-0a1b --text --from 0.025 --to 0.775",
                          "ktstr trace 20261129-040454.123-idle-0a1b -o why.pftrace", "ktstr run idle.toml --seed 1",
                          "ktstr replay 20261129-040454.123-idle-0a1b"));
}

TEST_F(WhyTest, OfAPassSaysThatNothingFailed) {
  record_.outcome = Outcome::kPass;
  EXPECT_EQ(text(), "PASS  idle: nothing failed\n");
  record_.outcome = Outcome::kInfrastructure;
  record_.error = "QEMU ended";
  record_.error_hint = "look at its log";
  EXPECT_EQ(text(), "ERROR  idle: QEMU ended\n  Hint       look at its log\n");
}

TEST_F(WhyTest, OfAnExpectedFailureTellsItAllTheSame) {
  leave_idle();
  record_.outcome = Outcome::kPass;
  record_.details[0].verdict = Verdict::kPass;
  EXPECT_THAT(text(), AllOf(HasSubstr("PASS  idle, which expects this failure\n"), HasSubstr("Cause")));
}

TEST_F(WhyTest, WithoutATraceSaysWhy) {
  leave_idle();
  record_.why_no_trace = "it was not wanted (--no-recorder)";
  EXPECT_THAT(text(false), AllOf(HasSubstr("there is no trace of this run: it was not wanted (--no-recorder)"),
                                 HasSubstr("CPU 1 was idle for 600 ms: in 600 ms it waited"), Not(HasSubstr("Victim")),
                                 HasSubstr("ktstr run idle.toml"), Not(HasSubstr("ktstr trace"))));
  record_.mode = "kvm";
  record_.why_no_trace.clear();
  EXPECT_THAT(text(false), AllOf(HasSubstr("it ran in kvm mode"), HasSubstr("or --trace")));
}

TEST_F(WhyTest, InventsNothingForWhatTheTraceCannotPlace) {
  at(2000, trace::Tick{});
  record_.details = {{.kind = DetailKind::kUnfair, .message = "the spread is 60%", .cgroup = "load", .step = 1},
                     {.kind = DetailKind::kShare, .message = "the share is 10%", .cgroup = "load", .step = 1}};
  EXPECT_THAT(text(),
              AllOf(HasSubstr("Finding    unfair in step 1: crowded\n"), HasSubstr("it is about all of the step"),
                    HasSubstr("Also       share: the share is 10%"), Not(HasSubstr("Timeline"))));
}

TEST_F(WhyTest, TellsOfAnotherFindingAndSaysSo) {
  leave_idle();
  record_.details.insert(record_.details.begin(), {.kind = DetailKind::kSchedulerDied, .message = "it is gone"});
  const std::string shown = text();
  EXPECT_THAT(shown, AllOf(HasSubstr("Finding    scheduler_died\n             it is gone\n"),
                           HasSubstr("The trace has no place for it"), HasSubstr("Victim     load/3")));
}

TEST_F(WhyTest, ADamagedTraceIsSaid) {
  leave_idle();
  find();
  const fs::path file = directory_.path() / "run" / kTraceFileName;
  fs::resize_file(file, 20);
  const auto why = find_out_why(file.parent_path());
  ASSERT_TRUE(why);
  EXPECT_THAT(to_text(*why, false), HasSubstr("the trace cannot be read:"));
}

TEST_F(WhyTest, NeverPassesOnWhatAGuestCouldDoToTheTerminal) {
  leave_idle();
  const std::string evil = "\x1b[2J\r\bx\n";
  for (TraceEvent& event : events_)
    if (event.kind == TraceKind::kFork && event_as<trace::Fork>(event).pid == 50)
      event = make_event(1000 * kMs, 0, trace::Fork{.pid = 50, .tgid = 50, .comm = trace_text_of<2>(evil)});
  record_.test = record_.traced[0].headline = record_.marks[0].name = record_.repeat_command = evil;
  EXPECT_THAT(text(), AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\r"))));
}

TEST_F(WhyTest, IsGivenAsJson) {
  leave_idle();
  const auto json = nlohmann::json::parse(to_json(find()));
  EXPECT_EQ(json["finding"]["kind"], "work_conservation");
  EXPECT_EQ(json["victim"]["waited_ns"], 600 * kMs);
  EXPECT_EQ(json["cpus"][1]["idle_ns"], 600 * kMs);
  EXPECT_EQ(json["traced"]["cause"], "the BPF scheduler");
  EXPECT_EQ(json["last_ran"]["to_ns"], 1090 * kMs);
  EXPECT_EQ(json["timeline"]["rows"].size(), 2u);
  EXPECT_EQ(json["go_on"].size(), 4u);
  EXPECT_FALSE(json.contains("calls"));
  record_.repro = Repro{.run = "other", .parts = {{.what = "CPU 1, where it was ended"}}};
  const Why replayed = find();
  EXPECT_EQ(nlohmann::json::parse(to_json(replayed))["calls"].size(), 2u);
  EXPECT_THAT(to_text(replayed, false), HasSubstr("  CPU 1, where it was ended; nothing was called for it:"));
  record_.outcome = Outcome::kPass;
  record_.details.clear();
  EXPECT_TRUE(nlohmann::json::parse(to_json(find()))["finding"].is_null());
}

// A guest that hung: no task is known that suffered.
TEST_F(WhyTest, OfAHangShowsItsCpus) {
  record_.details = {{.kind = DetailKind::kKernelHang, .message = "no heartbeat", .step = 1}};
  record_.traced = {{.kind = DetailKind::kKernelHang,
                     .step = 1,
                     .headline = "no heartbeat",
                     .from_ns = 1203 * kMs,
                     .to_ns = 1500 * kMs,
                     .words = "the trace ends here: CPU 1 ran hog"}};
  fork(1000, 131, "hog");
  run(1203, 131, 1);
  at(1500, trace::Tick{}, 0);
  EXPECT_THAT(text(), AllOf(HasSubstr("Trace      the trace ends here: CPU 1 ran hog\n"), HasSubstr("A hog[131]"),
                            Not(HasSubstr("Victim"))));
}

}  // namespace
}  // namespace ktstr::cli
