// SPDX-License-Identifier: Apache-2.0
#include "trace/story/event_words.h"

#include <gtest/gtest.h>

#include "trace/testing/sample_stream.h"

namespace ktstr {
namespace {

class EventWords : public testing::Test {
 protected:
  EventWords() {
    follow(trace::CgroupSeen{.cgroup = 1});
    follow(trace::CgroupSeen{.cgroup = 9, .parent = 1, .name = trace_text_of<4>("load")});
    for (std::uint32_t cpu = 0; cpu < 3; ++cpu) follow(trace::CpuSeen{.cpu = cpu, .current = 0});
    follow(trace::Fork{.pid = 7, .tgid = 7, .cgroup = 9, .mask = {3}, .comm = trace_text_of<2>("load/3")});
  }
  template <typename T>
  void follow(const T& event) {
    table_.follow(make_event(1, 0, event));
  }
  template <typename T>
  std::string words(const T& event, std::uint16_t cpu = 0) {
    return event_words(make_event(1, cpu, event), table_);
  }
  TaskTable table_;
};

TEST_F(EventWords, OfSwitches) {
  EXPECT_EQ(words(trace::Switch{.prev = 0, .next = 7}), "load/3[7] runs on CPU 0");
  EXPECT_EQ(words(trace::Switch{.prev = 7, .prev_on_rq = 1, .next = 8}, 1),
            "?[8] runs on CPU 1; load/3[7] has to leave it");
  EXPECT_EQ(words(trace::Switch{.prev = 7, .prev_state = 1, .prev_on_rq = 0, .next = 0}),
            "CPU 0 goes idle; load/3[7] sleeps");
  EXPECT_EQ(words(trace::Switch{.prev = 7, .prev_state = 0x80, .next = 0}), "CPU 0 goes idle; load/3[7] is dead");
}

TEST_F(EventWords, OfQueues) {
  const trace::Enqueue enqueue{.pid = 7, .cpu = 1, .sched_class = 4};
  EXPECT_EQ(words(enqueue), "load/3[7] is woken, onto the queue of CPU 1 (class ext)");
  follow(enqueue);
  EXPECT_EQ(words(enqueue), "load/3[7] is put onto the queue of CPU 1 (class ext)");
  EXPECT_EQ(words(trace::Dequeue{.pid = 7, .cpu = 1}), "load/3[7] is taken off the queue of CPU 1");
  EXPECT_EQ(words(trace::DsqInsert{.pid = 7, .dsq = 5, .slice = 5'000'000}),
            "load/3[7] goes into the scheduler's queue 0x5, with a slice of 5.0 ms");
  EXPECT_EQ(words(trace::DsqInsertVtime{.pid = 7, .dsq = 5, .slice = UINT64_MAX}),
            "load/3[7] goes into the scheduler's queue 0x5, with a slice without end");
}

TEST_F(EventWords, OfWhatIsDoneToTasksAndCpus) {
  EXPECT_EQ(words(trace::Migrate{.pid = 7, .from = 0, .to = 1}), "load/3[7] is moved from CPU 0 to CPU 1");
  EXPECT_EQ(words(trace::Affinity{.pid = 7, .mask = {5}}), "load/3[7] may run on CPUs 0,2");
  EXPECT_EQ(words(trace::Affinity{.pid = 7, .mask = {~0ULL, 0xf0}}), "load/3[7] may run on any CPU");
  EXPECT_EQ(words(trace::Throttle{.cgroup = 9, .cpu = 1}), "/load has used up its quota on CPU 1");
  EXPECT_EQ(words(trace::Quota{.cgroup = 9, .period = 100'000, .quota = 2500, .unit = 1000}),
            "/load gets a quota of 2.5 ms in 100.0 ms");
  EXPECT_EQ(words(trace::Quota{.cgroup = 9, .period = 100'000, .quota = UINT64_MAX, .unit = 1000}),
            "/load gets no quota");
  EXPECT_EQ(named_part("cgroup 28/load"), "load");
  EXPECT_EQ(named_part("cgroup 28"), "cgroup 28");
  EXPECT_EQ(words(trace::Kick{.cpu = 1}), "CPU 1 is kicked by CPU 0");
  EXPECT_EQ(words(trace::SchedulerExit{.reason = 1026}), "the kernel ends the BPF scheduler (reason 1026)");
  follow(trace::Switch{.prev = 0, .next = 7});
  EXPECT_EQ(words(trace::Freeze{}), "load/3[7] is frozen");
  EXPECT_EQ(words(trace::CgroupSeen{}), "");
}

TEST_F(EventWords, OfWhatAUserHasAskedToSee) {
  follow(trace::ProbePlaced{.number = 0, .what = trace_text_of<14>("select_cpu(p:pid)")});
  follow(trace::ProbePlaced{.number = 1, .what = trace_text_of<14>("select_cpu -> ret")});
  EXPECT_EQ(words(trace::Probe{.number = 0, .count = 1, .values = {7}}), "select_cpu(p load/3[7]) is called");
  EXPECT_EQ(words(trace::Probe{.number = 1, .count = 1, .text = trace::Probe::kEnds, .values = {3}}),
            "select_cpu -> 3");
}

TEST_F(EventWords, SayWhomAnEventIsAbout) {
  EXPECT_EQ(task_of(make_event(1, 0, trace::Nice{.pid = 7}), table_), 7);
  EXPECT_EQ(task_of(make_event(1, 0, trace::Switch{.prev = 7}), table_), 0);
  EXPECT_EQ(task_of(make_event(1, 0, trace::Freeze{}), table_), 0) << "nothing runs there";
}

}  // namespace
}  // namespace ktstr
