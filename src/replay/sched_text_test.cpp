// SPDX-License-Identifier: Apache-2.0
#include "replay/sched_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Kind = RecordedEvent::Kind;

RecordedEvent only_event(std::string_view line) {
  const auto recording = read_sched_text(std::string(line) +
                                         "\n  x-1 [000] 9.9: sched_switch: prev_comm=x prev_pid=1 "
                                         "prev_prio=120 prev_state=S ==> next_comm=y next_pid=2 "
                                         "next_prio=120\n");
  EXPECT_TRUE(recording) << line << ": " << recording.error().render();
  if (!recording) return {};
  EXPECT_EQ(recording->events.size(), 2u) << line;
  EXPECT_THAT(recording->notes, IsEmpty()) << line;
  return recording->events.front();
}

void expect_switch(std::string_view line, bool sleeps) {
  const RecordedEvent event = only_event(line);
  EXPECT_EQ(event.time_ns, 1'234'567'000u) << line;
  EXPECT_EQ(event.cpu, 2) << line;
  EXPECT_EQ(event.from, 12) << line;
  EXPECT_EQ(event.to, 34) << line;
  EXPECT_EQ(event.priority, 110) << line;
  EXPECT_EQ(event.sleeps, sleeps) << line;
}

TEST(SchedText, TakesSwitchesAsEachToolPrintsThem) {
  // perf script and perf sched script
  expect_switch(
      "  a b   12 [002]     1.234567:       sched:sched_switch: prev_comm=a b prev_pid=12 prev_prio=120 "
      "prev_state=S ==> next_comm=c=d next_pid=34 next_prio=110",
      true);
  expect_switch(
      "  a 10/12 [002] 1.234567000: sched:sched_switch: prev_comm=a prev_pid=12 prev_prio=120 prev_state=R+ "
      "==> next_comm=c next_pid=34 next_prio=110",
      false);
  expect_switch("  a 12 [002] 1.234567: sched:sched_switch: a:12 [120] R ==> c:34 [110]", false);
  // trace-cmd report
  expect_switch("  a b-12    [002]     1.234567: sched_switch:         a b:12 [120] D ==> c:d:34 [110]", true);
  // ftrace, and the same with processes: systrace
  expect_switch(
      "  a-12      [002] d..2.     1.234567: sched_switch: prev_comm=a prev_pid=12 prev_prio=120 prev_state=D|K "
      "==> next_comm=c next_pid=34 next_prio=110",
      true);
  expect_switch(
      "  a-12      (   10) [002] d..3 1.234567: sched_switch: prev_comm=a prev_pid=12 prev_prio=120 "
      "prev_state=X ==> next_comm=c next_pid=34 next_prio=110",
      true);
}

TEST(SchedText, TakesWakingsAndKnowsInterrupts) {
  for (const auto& [line, by_task] :
       {std::pair{"a 12 [002] 1.5: sched:sched_waking: comm=c d pid=34 prio=110 target_cpu=003", true},
        {"a-12 [002] d..4. 1.5: sched_waking: comm=c d pid=34 prio=110 target_cpu=003", true},
        {"a-12 [002] dNh4. 1.5: sched_waking: comm=c d pid=34 prio=110 target_cpu=003", false},
        {"<idle>-0 [002] d.s2 1.5: sched_waking: comm=c d pid=34 prio=110 success=1 target_cpu=003", false},
        {"a-12 [002] 1.5: sched_waking: c d:34 [110] CPU:003", true},
        {"a-12 [002] 1.5: sched_wakeup: c d:34 [110] success=1 CPU:003", true},
        {"a-12 [002] 1.5: sched_wakeup_new: c d:34 [110]<CANT FIND FIELD success> CPU:003", true}}) {
    const RecordedEvent event = only_event(line);
    EXPECT_EQ(event.kind, Kind::kWakeup) << line;
    EXPECT_EQ(event.time_ns, 1'500'000'000u) << line;
    EXPECT_EQ(event.to, 34) << line;
    EXPECT_EQ(event.priority, 110) << line;
    EXPECT_EQ(event.by_task, by_task) << line;
    EXPECT_FALSE(event.sleeps) << line;
  }
}

TEST(SchedText, TakesAWakerFromTheWakingWhereBothAreThere) {
  const auto recording = read_sched_text(
      "a 12 [001] 1.1: sched:sched_waking: comm=c pid=34 prio=110 target_cpu=003\n"
      "b 13 [003] 1.2: sched:sched_wakeup: comm=c pid=34 prio=110 target_cpu=003\n"
      "b 13 [003] 1.3: sched:sched_switch: b:13 [120] R ==> c:34 [110]\n");
  ASSERT_TRUE(recording) << recording.error().render();
  EXPECT_FALSE(recording->knows_interrupts);
  EXPECT_TRUE(recording->events[0].by_task);
  EXPECT_FALSE(recording->events[1].by_task);
  EXPECT_EQ(recording->names.at(34), "c");
  EXPECT_EQ(recording->cpus(), 2u);
}

TEST(SchedText, KnowsInterruptsByTheirEvents) {
  const auto recording = read_sched_text(
      "a 12 [001] 1.1: irq_vectors:local_timer_entry: vector=236\n"
      "a 12 [001] 1.2: timer:hrtimer_expire_entry: hrtimer=0x0 function=hrtimer_wakeup now=1\n"
      "a 12 [001] 1.3: sched:sched_waking: comm=c pid=34 prio=110 target_cpu=003\n"
      "a 12 [002] 1.3: sched:sched_waking: comm=d pid=35 prio=110 target_cpu=003\n"
      "a 12 [001] 1.4: timer:hrtimer_expire_exit: hrtimer=0x0\n"
      "a 12 [001] 1.5: irq_vectors:local_timer_exit: vector=236\n"
      "a 12 [001] 1.5: irq:softirq_exit: vec=1 [action=TIMER]\n"
      "a 12 [001] 1.6: sched:sched_waking: comm=c pid=34 prio=110 target_cpu=003\n"
      "a 12 [001] 1.7: irq:irq_handler_entry: irq=1 name=x\n"
      "a 12 [001] 1.8: sched:sched_switch: a:12 [120] R ==> c:34 [110]\n"
      "a 12 [001] 1.9: sched:sched_waking: comm=a pid=12 prio=110 target_cpu=003\n");
  ASSERT_TRUE(recording) << recording.error().render();
  ASSERT_EQ(recording->events.size(), 5u);
  EXPECT_TRUE(recording->knows_interrupts);
  EXPECT_FALSE(recording->events[0].by_task);
  EXPECT_TRUE(recording->events[1].by_task) << "on another CPU";
  EXPECT_TRUE(recording->events[2].by_task) << "after it";
  EXPECT_TRUE(recording->events[4].by_task) << "after a switch, which no interrupt does";
}

constexpr const char* kGood = "a 12 [001] 1.3: sched:sched_switch: b:13 [120] R ==> c:34 [110]\n";

TEST(SchedText, PassesOverAllElseAndSaysWhatIsBroken) {
  const auto recording = read_sched_text(
      "# tracer: nop\n# sched_switch: a comment\nversion = 6\nCPU:1 [LOST 120 EVENTS]\n"
      "a 12 [001] 1.2: sched:sched_stat_runtime: comm=a pid=12 runtime=86775 [ns]\n"
      "a 12 [001] 1.2: sched:sched_switch: b:13 [120] R ==>\n"
      "a 12 [0x1] 1.2: sched:sched_waking: c:34 [110]\n" +
      std::string(kGood) + "a 12 [001] 1.4: sched:sched_wa");
  ASSERT_TRUE(recording) << recording.error().render();
  EXPECT_EQ(recording->events.size(), 1u);
  EXPECT_EQ(recording->losses, 1u);
  EXPECT_THAT(recording->notes, ElementsAre("line 6: cannot be read, nor can 1 others of scheduling events"));
}

TEST(SchedText, RefusesWhatSaysNothing) {
  const auto reason = [](std::string_view text) {
    const auto recording = read_sched_text(text);
    return recording ? "none" : recording.error().message();
  };
  EXPECT_THAT(reason(""), HasSubstr("there is no sched_switch in it"));
  EXPECT_THAT(reason("hello\nworld\n"), HasSubstr("there is no sched_switch in it"));
  EXPECT_THAT(reason("a 12 [001] 1.3: sched:sched_waking: c:34 [110] CPU:001\n"),
              HasSubstr("there is no sched_switch"));
  EXPECT_THAT(reason("\nsched_switch: b:13 [120] R ==> c:34 [110]\n"), HasSubstr("line 2: cannot be read"));
}

TEST(SchedText, BrokenHeadsAndTasksAreNoEvents) {
  const std::string payload = " sched_switch: b:13 [120] R ==> c:34 [110]\n";
  for (const char* head :
       {"", "[001]", "[001] :", "[001] 1:", "[001] 1.:", "[001] .5:", "[001] 1.0000000001:", "[70000] 1.5:", "[] 1.5:",
        "]001[ 1.5:", "[001] 1.5", "[001] -1.5:", "[001] 1.-5:", "[-1] 1.5:", "[001] 99999999999.5:"})
    EXPECT_EQ(read_sched_text(head + payload + kGood)->events.size(), 1u) << head;
  for (const char* tasks :
       {"", "==>", " ==> ", "b:13 [120] ==> c:34 [110]", "b:13 R ==> c:34 [110]", "b:x [120] R ==> c:34 [110]",
        "b:13 [x] R ==> c:34 [110]", "b13 [120] R ==> c:34 [110]", "b:13 [120] R ==> c:-34 [110]",
        "prev_comm=b prev_pid= prev_prio=1 prev_state=S ==> next_comm=c next_pid=34 next_prio=1",
        "prev_comm=b prev_pid=13 prev_prio=1 ==> next_comm=c next_pid=34 next_prio=1",
        "prev_pid=13 prev_comm=b prev_prio=1 prev_state=S ==> next_comm=c next_pid=34 next_prio=1",
        "prev_comm=b prev_pid=99999999999 prev_prio=1 prev_state=S ==> next_comm=c next_pid=34 next_prio=1"})
    EXPECT_EQ(read_sched_text(std::string("a [001] 1.2: sched_switch: ") + tasks + "\n" + kGood)->events.size(), 1u)
        << tasks;
}

}  // namespace
}  // namespace ktstr
