// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/kernel_view.h"

#include <gtest/gtest.h>

#include <cstring>

namespace ktstr {
namespace {

constexpr std::uint64_t kImage = 0xffffffff80000000;

// A kernel of 1 MiB at physical 0, mapped where x86-64 kernels are. Structs of a task: pid at 0, tasks.next at 16,
// signal at 32, thread_node.next at 40; of signal: thread_head.next at 0. Of an rq: cpu at 0, current's pid at 8.
class KernelViewTest : public testing::Test {
 protected:
  KernelViewTest() : ram_(1 << 20) {
    layout_.banner = kImage + 0x1000;
    std::memcpy(layout_.banner_text.data(), "Linux version 7.3.4", 19);
    std::memcpy(ram_.data() + 0x1000, layout_.banner_text.data(), layout_.banner_text.size());
    layout_.top_table = kImage + 0x2000;
    layout_.per_cpu_offset = kImage + 0x3000;
    layout_.runqueues = kImage + 0x4000;
    layout_.init_task = task(0);
    layout_.tasks = 16;
    layout_.signal = 32;
    layout_.thread_node = 40;
    layout_.thread_head = 0;
    layout_.task = {.address = 0, .kind = static_cast<std::uint32_t>(TraceKind::kTaskSeen), .steps = 1, .step = {}};
    layout_.task.step[0] = {control::Source::kRegister, 0, 4, 1, 0, 0};
    layout_.cpu = {.address = 0, .kind = static_cast<std::uint32_t>(TraceKind::kCpuSeen), .steps = 2, .step = {}};
    layout_.cpu.step[0] = {control::Source::kRegister, 0, 4, 1, 0, 0};
    layout_.cpu.step[1] = {control::Source::kRegister, 0, 4, 1, 0, 8};
    space_.add({0, ram_.size(), ram_.data()});
  }
  static std::uint64_t task(std::uint64_t number) { return kImage + 0x10000 + number * 0x100; }
  static std::uint64_t signal_of(std::uint64_t number) { return kImage + 0x80000 + number * 0x100; }
  void put(std::uint64_t address, std::uint64_t value) {
    std::memcpy(ram_.data() + (address - kImage), &value, sizeof value);
  }
  // A process with one thread.
  void make(std::uint64_t number, std::uint64_t pid, std::uint64_t next) {
    put(task(number), pid);
    put(task(number) + 16, task(next) + 16);
    put(task(number) + 32, signal_of(number));
    put(signal_of(number), task(number) + 40);
    put(task(number) + 40, signal_of(number));
  }
  std::vector<TraceEvent> seen(int cpus = 0) {
    const auto kernel = find_kernel(space_, layout_);
    EXPECT_TRUE(kernel) << kernel.error().message();
    control::GuestSpace space = space_;
    space.set_kernel(*kernel);
    return seen_at(5, space, layout_, cpus);
  }

  std::vector<unsigned char> ram_;
  KernelLayout layout_;
  control::GuestSpace space_;
};

TEST_F(KernelViewTest, FindsProcessesAndThreads) {
  make(0, 0, 1);
  make(1, 100, 2);
  make(2, 200, 0);
  put(task(1) + 40, task(7) + 40);  // a second thread of 100
  put(task(7), 101);
  put(task(7) + 40, signal_of(1));
  std::vector<int> pids;
  for (const TraceEvent& event : seen()) pids.push_back(event_as<trace::TaskSeen>(event).pid);
  EXPECT_EQ(pids, (std::vector<int>{0, 100, 101, 200}));
}

TEST_F(KernelViewTest, FindsWhatCpusRun) {
  make(0, 0, 0);
  put(kImage + 0x3000, 0);
  put(kImage + 0x3008, 0x100);
  put(kImage + 0x4008, 11);
  put(kImage + 0x4100, 1);
  put(kImage + 0x4108, 12);
  const auto events = seen(2);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(event_as<trace::CpuSeen>(events[1]).cpu, 1u);
  EXPECT_EQ(event_as<trace::CpuSeen>(events[1]).current, 12);
}

TEST_F(KernelViewTest, AnotherKernelIsNotRead) {
  ram_[0x1003] = 'X';
  const auto kernel = find_kernel(space_, layout_);
  ASSERT_FALSE(kernel);
  EXPECT_EQ(kernel.error().code(), ErrorCode::kNotFound);
}

// The list of processes never comes back to the first, and each has a list of threads that goes round too.
TEST_F(KernelViewTest, ListsInCirclesEnd) {
  make(0, 0, 1);
  make(1, 100, 2);
  make(2, 200, 1);
  for (const std::uint64_t number : {1, 2}) put(task(number) + 40, task(number) + 40);
  EXPECT_LE(seen().size(), 200'000u);
}

TEST_F(KernelViewTest, WildPointersEndIt) {
  make(0, 0, 1);
  put(task(0) + 16, 0xdeadbeef);
  put(task(0) + 32, 0x1234567812345678);
  EXPECT_TRUE(seen().empty());
}

}  // namespace
}  // namespace ktstr
