// SPDX-License-Identifier: Apache-2.0
#include "trace/tracefs/kernel_trace.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstring>
#include <list>

#include "trace/scheduling.h"
#include "trace/testing/made_ring.h"

namespace ktstr {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint64_t kInTraceSleeps = 1, kInTracePreempted = 0x100, kInTraceDead = 0x10;

class KernelTraceTest : public ::testing::Test {
 protected:
  KernelTraceTest() {
    for (const auto& [name, format] :
         {std::pair("header_page", header_page_format()), std::pair("sched/sched_switch", switch_format()),
          std::pair("sched/sched_wakeup", wakeup_format()), std::pair("sched/sched_migrate_task", migrate_format()),
          std::pair("task/task_newtask", new_task_format()), std::pair("cgroup/cgroup_attach_task", move_format())})
      EXPECT_TRUE(trace_.add_format(name, format)) << name;
  }
  void pages(std::uint64_t cpu, std::vector<ByteVector> parts) {
    kept_.push_back(made_pages(parts));
    EXPECT_TRUE(trace_.add_pages(cpu, kept_.back()));
  }
  void task(std::int32_t pid, std::int32_t tgid, const char* comm, std::uint64_t cgroup, std::uint64_t mask) {
    trace::TaskSeen seen{.pid = pid, .tgid = tgid, .cgroup = cgroup, .mask = {mask, 0, 0, 0}};
    std::memcpy(seen.comm.words.data(), comm, std::strlen(comm));
    trace_.add_seen(make_event(1, 0, seen));
  }
  std::vector<std::string> read() {
    std::vector<std::string> lines;
    status_ = trace_.read([&](const TraceEvent& event) {
      events_.push_back(event);
      lines.push_back(to_text(event));
    });
    return lines;
  }

  std::list<ByteVector> kept_;
  KernelTrace trace_{2};
  std::vector<TraceEvent> events_;
  Status status_ = ok();
};

TEST_F(KernelTraceTest, HasTheEventsOfAllCpusInTheOrderOfTheirTime) {
  pages(1, {MadePart(100).event(5, switch_event("swapper/1", 0, 0, "b", 8)).bytes(),
            MadePart(200).event(0, switch_event("b", 8, kInTraceDead, "swapper/1", 0)).bytes()});
  pages(0, {MadePart(100)
                .event(0, wakeup_event("b", 8, 1))
                .event(40, switch_event("a", 7, kInTraceSleeps, "c", 9, 99))
                .bytes()});
  read();
  ASSERT_TRUE(status_) << status_.error().message();
  std::vector<std::uint64_t> times;
  for (const TraceEvent& event : events_)
    if (event.kind != TraceKind::kRename) times.push_back(event.time_ns);
  EXPECT_THAT(times, ElementsAre(100, 105, 140, 200));
}

TEST_F(KernelTraceTest, SaysWhetherATaskSleepsWasPreemptedOrIsDead) {
  pages(0, {MadePart(10)
                .event(0, switch_event("a", 7, kInTraceSleeps, "b", 8))
                .event(1, switch_event("b", 8, kInTracePreempted, "a", 7))
                .event(1, switch_event("a", 7, 0, "b", 8))
                .event(1, switch_event("b", 8, kInTraceDead, "a", 7))
                .event(1, switch_event("a", 7, 0x80, "b", 8))
                .bytes()});
  read();
  std::vector<std::string> left;
  for (const TraceEvent& event : events_) {
    if (event.kind != TraceKind::kSwitch) continue;
    const auto change = event_as<trace::Switch>(event);
    left.push_back(fmt::format("{:#x} {}", change.prev_state, change.prev_on_rq));
  }
  EXPECT_THAT(left, ElementsAre("0x1 0", "0x0 1", "0x0 1", "0x80 0", "0x402 0"));
}

TEST_F(KernelTraceTest, AnUnknownTaskIsCalledWhatItsFirstEventSays) {
  task(7, 7, "a", 1, 3);
  pages(0, {MadePart(10).event(0, switch_event("a", 7, kInTraceSleeps, "b", 8)).bytes()});
  EXPECT_THAT(read(), Contains(HasSubstr("rename pid=8 comm=b")));
  EXPECT_THAT(read(), Not(Contains(HasSubstr("rename pid=7"))));
}

// Who schedules it the kernel does not say: known is what the agent says, and priorities.
TEST_F(KernelTraceTest, AWakeupHasTheClassThatIsKnown) {
  trace_.add_class(5, SchedClass::kExt);
  trace_.add_class(20, std::nullopt);
  pages(0, {MadePart(4)
                .event(0, wakeup_event("a", 7, 1))
                .event(6, wakeup_event("a", 7, 1))
                .event(1, wakeup_event("r", 9, 1, 50))
                .event(1, wakeup_event("d", 9, 1, -1))
                .event(20, wakeup_event("a", 7, 1))
                .bytes()});
  read();
  std::vector<std::string> classes;
  for (const TraceEvent& event : events_) {
    if (event.kind != TraceKind::kEnqueue) continue;
    const auto in = SchedClass{static_cast<std::uint8_t>(event_as<trace::Enqueue>(event).sched_class)};
    classes.emplace_back((event.unreadable & 4) != 0 ? "?" : to_string(in));
  }
  EXPECT_THAT(classes, ElementsAre("?", "ext", "rt", "dl", "?"));
}

TEST_F(KernelTraceTest, AChildHasWhatItsParentHas) {
  task(7, 7, "a", 11, 0b10);
  const auto child = [](int pid, std::uint64_t flags) {
    return MadeEvent(kNewTaskId, 7).number32(pid).text("child").number32(0).number64(flags).bytes();
  };
  pages(0, {MadePart(10).event(0, child(20, 0)).event(1, child(21, 0x10000)).bytes()});
  read();
  ASSERT_EQ(events_.size(), 3u);
  const auto process = event_as<trace::Fork>(events_[1]), thread = event_as<trace::Fork>(events_[2]);
  EXPECT_EQ(process.pid, 20);
  EXPECT_EQ(process.tgid, 20);
  EXPECT_EQ(process.parent, 7);
  EXPECT_EQ(process.cgroup, 11u);
  EXPECT_EQ(process.mask[0], 0b10u);
  EXPECT_EQ(thread.tgid, 7);
  EXPECT_EQ(events_[1].unreadable, 0u);
}

TEST_F(KernelTraceTest, AProcessMovesWithItsThreads) {
  trace_.add_seen(make_event(1, 0, trace::CgroupSeen{.cgroup = 1}));
  task(7, 7, "a", 1, 3);
  task(8, 7, "a", 1, 3);
  task(9, 9, "b", 1, 3);
  ByteVector move = MadeEvent(kMoveId).number32(0).number32(1).number64(77).number32(7).number32(36 | 3 << 16).bytes();
  move.resize(36);
  for (const char one : {'/', 'x', '\0', '\0'}) move.push_back(static_cast<std::byte>(one));
  pages(0, {MadePart(10).event(0, move).bytes()});
  const auto lines = read();
  EXPECT_THAT(lines, Contains(HasSubstr("cgroup_move pid=7 cgroup=77 parent=1 name=x")));
  EXPECT_THAT(lines, Contains(HasSubstr("cgroup_move pid=8 cgroup=77")));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("cgroup_move pid=9"))));
}

TEST_F(KernelTraceTest, WhereEventsAreMissingNobodyKnowsWhatRuns) {
  pages(0, {MadePart(10).event(0, switch_event("a", 7, kInTraceSleeps, "b", 8)).bytes(),
            MadePart(50).event(0, wakeup_event("a", 7, 0)).bytes(3)});
  trace_.add_lost(1, 4);
  EXPECT_EQ(trace_.lost(), 7u);
  EXPECT_THAT(trace_.gaps(), Contains(Field(&TraceGap::kind, kLostEvents)));
  read();
  Scheduling now;
  std::vector<bool> known;
  for (const TraceEvent& event : events_) {
    now.add(event);
    if (is_hole(event)) {
      EXPECT_EQ(now.task(8)->phase, TaskPhase::kUnknown);
    }
    known.push_back(!now.cpus().empty() && now.cpus()[0].known);
  }
  EXPECT_TRUE(std::count(known.begin(), known.end(), true) > 0);
  EXPECT_FALSE(known.back());
}

// What the kernel counts beside it includes what its parts say.
TEST_F(KernelTraceTest, LostEventsAreCountedOnce) {
  pages(0, {MadePart(50).event(0, wakeup_event("a", 7, 0)).bytes(3)});
  trace_.add_lost(0, 5);
  EXPECT_EQ(trace_.lost(), 5u);
}

TEST_F(KernelTraceTest, AFunctionsEventHasItsValuesInOrder) {
  std::string fields = "\tfield:unsigned long __probe_ip;\toffset:8;\tsize:8;\tsigned:0;\n";
  for (int i = 0; i < 4; ++i)
    fields += fmt::format("\tfield:u64 v{};\toffset:{};\tsize:8;\tsigned:0;\n", i, 16 + 8 * i);
  ASSERT_TRUE(trace_.add_format("ktstr/dsq_insert_12", made_format("dsq_insert_12", 900, fields)));
  pages(0, {MadePart(10)
                .event(1, MadeEvent(900).number64(0).number64(7).number64(5).number64(20).number64(1).bytes())
                .bytes()});
  EXPECT_THAT(read(), Contains(HasSubstr("dsq_insert pid=7 dsq=5 slice=20 flags=1")));
  EXPECT_THAT(trace_.gaps(), Not(Contains(Field(&TraceGap::kind, "dsq_insert"))));
}

// The kernel leaves what was there before where it cannot read.
TEST_F(KernelTraceTest, WhatIsBehindANullPointerIsUnreadable) {
  ASSERT_TRUE(trace_.add_format("ktstr/nice_1", made_format("nice_1", 901,
                                                            "\tfield:u32 v0;\toffset:8;\tsize:4;\tsigned:0;\n"
                                                            "\tfield:u32 v1;\toffset:12;\tsize:4;\tsigned:0;\n"
                                                            "\tfield:u64 b0;\toffset:16;\tsize:8;\tsigned:0;\n")));
  const auto nice = [](std::uint64_t pointer) {
    return MadeEvent(901).number32(7).number32(5).number64(pointer).bytes();
  };
  pages(0, {MadePart(10).event(1, nice(0)).event(1, nice(0xffff888000000000)).bytes()});
  read();
  ASSERT_EQ(events_.size(), 2u);
  EXPECT_EQ(events_[0].unreadable, 3u);
  EXPECT_EQ(events_[0].values[0], 0u);
  EXPECT_EQ(events_[1].unreadable, 0u);
  EXPECT_EQ(event_as<trace::Nice>(events_[1]).pid, 7);
}

// Into a cgroup, which puts it onto other CPUs, before the event of its birth.
TEST_F(KernelTraceTest, AChildHasWhatWasSeenOfItBeforeItsBirth) {
  task(7, 7, "a", 11, 0b11);
  std::string fields;
  for (int i = 0; i < 6; ++i) fields += fmt::format("\tfield:u64 v{};\toffset:{};\tsize:8;\tsigned:0;\n", i, 8 + 8 * i);
  ASSERT_TRUE(trace_.add_format("ktstr/affinity_1", made_format("affinity_1", 902, fields)));
  pages(
      0,
      {MadePart(10)
           .event(1,
                  MadeEvent(902, 7).number64(20).number64(0).number64(0b10).number64(0).number64(0).number64(0).bytes())
           .event(1, MadeEvent(kNewTaskId, 7).number32(20).text("c").number32(0).number64(0).bytes())
           .bytes()});
  read();
  EXPECT_EQ(event_as<trace::Fork>(events_.back()).mask[0], 0b10u);
  EXPECT_EQ(event_as<trace::Fork>(events_.back()).cgroup, 11u);
}

TEST_F(KernelTraceTest, NamesWhatTheKernelDoesNotHave) {
  trace_.add_absent("task/task_rename", "this kernel has no such event");
  trace_.add_absent("ktstr/affinity_3", "Invalid argument");
  std::vector<std::string> gaps;
  for (const TraceGap& gap : trace_.gaps()) gaps.push_back(gap.kind + " " + gap.field + " " + gap.why);
  EXPECT_THAT(gaps, Contains("rename  task/task_rename: this kernel has no such event"));
  EXPECT_THAT(gaps, Contains("affinity  ktstr/affinity_3: Invalid argument"));
  EXPECT_THAT(gaps, Contains(HasSubstr("tick  ")));
  EXPECT_THAT(gaps, Contains(HasSubstr("enqueue clock")));
  EXPECT_THAT(gaps, Not(Contains(HasSubstr("switch  "))));
}

TEST_F(KernelTraceTest, AnEventThatLacksWhatIsReadIsAGap) {
  KernelTrace trace(1);
  ASSERT_TRUE(trace.add_format("sched/sched_switch",
                               made_format("sched_switch", 5, "\tfield:int a;\toffset:8;\tsize:4;\tsigned:1;\n")));
  EXPECT_THAT(trace.gaps(), Contains(Field(&TraceGap::kind, "switch")));
}

TEST_F(KernelTraceTest, WhatIsDamagedEndsItsCpuAndIsReported) {
  pages(0, {MadePart(10).event(0, wakeup_event("a", 7, 0)).word(20).bytes()});
  pages(1, {MadePart(20).event(0, wakeup_event("b", 8, 0)).bytes()});
  const auto lines = read();
  EXPECT_FALSE(status_);
  EXPECT_THAT(status_.error().message(), HasSubstr("the trace of CPU 0"));
  EXPECT_THAT(lines, Contains(HasSubstr("enqueue pid=8")));
  EXPECT_FALSE(trace_.add_pages(2, made_pages({MadePart(1).bytes()})));
  EXPECT_FALSE(trace_.add_pages(0, made_pages({ByteVector(7)})));
}

TEST_F(KernelTraceTest, RefusesRingsOfAnotherShape) {
  std::string head = header_page_format();
  head.replace(head.find("offset:16"), 9, "offset:24");
  EXPECT_FALSE(KernelTrace(1).add_format("header_page", head));
}

}  // namespace
}  // namespace ktstr
