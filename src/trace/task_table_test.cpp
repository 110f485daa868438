// SPDX-License-Identifier: Apache-2.0
#include "trace/task_table.h"

#include <gtest/gtest.h>

#include "trace/testing/sample_stream.h"

namespace ktstr {
namespace {

class Tasks : public testing::Test {
 protected:
  template <typename T>
  TaskChange follow(const T& event, std::uint16_t cpu = 0) {
    return table_.follow(make_event(++now_, cpu, event));
  }
  TaskTable table_;
  std::uint64_t now_ = 0;
};

TEST_F(Tasks, AreKnownByWhatTheStreamBeginsWith) {
  follow(trace::CpuSeen{.cpu = 1, .current = 7});
  follow(trace::TaskSeen{.pid = 7, .tgid = 6, .on_rq = 1, .cgroup = 3, .comm = trace_text_of<2>("worker")});
  EXPECT_EQ(table_.running(1), 7);
  EXPECT_EQ(table_.running(5), 0);
  ASSERT_NE(table_.task(7), nullptr);
  EXPECT_EQ(table_.task(7)->tgid, 6);
  EXPECT_EQ(table_.cgroup_of(7), 3u);
  EXPECT_EQ(table_.cgroup_of(8), 0u);
  EXPECT_EQ(table_.comm(7, 0), "worker");
  EXPECT_EQ(table_.comm(0, 3), "swapper/3");
  EXPECT_EQ(table_.comm(99, 3), "?");
  EXPECT_EQ(table_.task(0), nullptr);
}

TEST_F(Tasks, AnEnqueueIsAWakeupOnlyAfterASleep) {
  follow(trace::TaskSeen{.pid = 7, .tgid = 7, .state = 1});
  EXPECT_TRUE(follow(trace::Enqueue{.pid = 7}).is_wakeup);
  EXPECT_FALSE(follow(trace::Enqueue{.pid = 7}).is_wakeup);
  follow(trace::Switch{.prev = 0, .prev_on_rq = 1, .next = 7, .next_prio = 110});
  EXPECT_EQ(table_.task(7)->prio, 110u);
  follow(trace::Switch{.prev = 7, .prev_state = 1, .prev_on_rq = 1, .next = 0});
  EXPECT_FALSE(follow(trace::Enqueue{.pid = 7}).is_wakeup) << "it was preempted before it slept";
  follow(trace::Switch{.prev = 0, .prev_on_rq = 1, .next = 7});
  follow(trace::Switch{.prev = 7, .prev_state = 2, .prev_on_rq = 1, .prev_delayed = 1, .next = 0});
  EXPECT_TRUE(follow(trace::Enqueue{.pid = 7}).is_wakeup) << "its class kept it queued for a while";
}

TEST_F(Tasks, BeginAndEnd) {
  follow(trace::Fork{.pid = 9, .tgid = 9, .parent = 1, .cgroup = 4, .comm = trace_text_of<2>("sh")});
  const TaskChange first = follow(trace::Enqueue{.pid = 9});
  EXPECT_TRUE(first.is_wakeup && first.is_first_wakeup);
  follow(trace::Switch{.prev = 0, .next = 9}, 2);
  follow(trace::Rename{.pid = 9, .comm = trace_text_of<2>("true")}, 2);
  EXPECT_EQ(table_.comm(9, 0), "true");
  EXPECT_FALSE(follow(trace::Switch{.prev = 9, .prev_on_rq = 1, .next = 5}, 2).gone) << "it is not done yet";
  follow(trace::Switch{.prev = 5, .prev_on_rq = 1, .next = 9}, 2);
  const TaskChange last = follow(trace::Switch{.prev = 9, .prev_state = 0x80, .next = 0}, 2);
  EXPECT_EQ(last.gone, 9);
  EXPECT_EQ(table_.comm(9, 0), "true") << "it is known until the next event";
  follow(trace::Tick{});
  EXPECT_EQ(table_.task(9), nullptr);
}

TEST_F(Tasks, HaveCgroupsWithPaths) {
  follow(trace::CgroupSeen{.cgroup = 1, .parent = 0});
  follow(trace::CgroupSeen{.cgroup = 10, .parent = 1, .name = trace_text_of<4>("test")});
  follow(trace::TaskSeen{.pid = 7, .tgid = 7, .cgroup = 10});
  follow(trace::CgroupMove{.pid = 7, .cgroup = 11, .parent = 10, .name = trace_text_of<4>("cg_0")});
  EXPECT_EQ(table_.cgroup_of(7), 11u);
  EXPECT_EQ(table_.cgroup_path(1), "/");
  EXPECT_EQ(table_.cgroup_path(11), "/test/cg_0");
  EXPECT_EQ(table_.cgroup_path(12), "cgroup 12");
  follow(trace::CgroupMove{.pid = 7});
  EXPECT_EQ(table_.cgroup_of(7), 11u) << "it ends, and was there to the last";
  follow(trace::CgroupSeen{.cgroup = 20, .parent = 21, .name = trace_text_of<4>("a")});
  follow(trace::CgroupSeen{.cgroup = 21, .parent = 20, .name = trace_text_of<4>("b")});
  EXPECT_LT(table_.cgroup_path(20).size(), 1000u) << "parents that go round";
}

}  // namespace
}  // namespace ktstr
