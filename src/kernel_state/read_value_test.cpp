// SPDX-License-Identifier: Apache-2.0
//
// By the types and symbols of the kernels in the cache, in memory that is made here. A guest's own is read in tests/vm.
#include "kernel_state/read_value.h"

#include <gmock/gmock.h>

#include <cstring>
#include <map>
#include <memory>

#include "kernel/testing/real_kernels.h"

namespace ktstr {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

// RAM from physical 0 on, with the kernel's image where it was linked for.
class ReadValueTest : public RealKernels {
 protected:
  static constexpr std::uint64_t kImage = 0xffffffff80000000, kDirect = 0xffff888000000000;

  void with_each_kernel(const std::function<void()>& check) {
    for (const RealKernel& kernel : kernels()) {
      SCOPED_TRACE(kernel.entry.key);
      // Made once in a process, as the kernels are read.
      static std::map<std::string, std::unique_ptr<const KernelDescription>> known;
      std::unique_ptr<const KernelDescription>& names = known[kernel.entry.key];
      if (!names) {
        auto made = KernelDescription::of(kernel.image);
        ASSERT_TRUE(made) << made.error().render();
        names = std::make_unique<const KernelDescription>(*std::move(made));
      }
      names_ = names.get();
      ram_.assign(96 << 20, 0);
      control::GuestSpace space;
      space.add({0, ram_.size(), ram_.data()});
      // By which a guest is known, and where it says that it maps its memory.
      put_bytes(names->layout.banner, names->layout.banner_text.data(), names->layout.banner_text.size());
      put(names->layout.page_offset_base, kDirect, 8);
      put(names->layout.pgdir_shift, 39, 4);
      for (int cpu = 0; cpu < 2; ++cpu) put(symbol("__per_cpu_offset") + 8 * cpu, kPerCpu[cpu], 8);
      auto state = GuestState::of(space, *names, 2);
      ASSERT_TRUE(state) << state.error().render();
      state_ = &*state;
      check();
    }
  }
  std::uint64_t symbol(std::string_view name) const { return names_->symbols.find(name)->address; }
  void put_bytes(std::uint64_t address, const char* bytes, std::size_t count) {
    const std::uint64_t at = address >= kImage ? address - kImage : address - kDirect;
    ASSERT_LE(at + count, ram_.size());
    std::memcpy(ram_.data() + at, bytes, count);
  }
  void put(std::uint64_t address, std::uint64_t value, std::size_t bytes) {
    put_bytes(address, reinterpret_cast<const char*>(&value), bytes);
  }
  std::uint64_t offset(const char* type, const char* member) const {
    return *names_->btf.member_offset_bits(type, member) / 8;
  }
  Json value(const std::string& text) {
    const auto read = read_value(*state_, *Expression::parse(text));
    EXPECT_TRUE(read) << text << ": " << read.error().render();
    return read ? *read : Json();
  }
  std::string refusal(const std::string& text) {
    const auto read = read_value(*state_, *Expression::parse(text));
    return read ? "accepted" : read.error().message() + "; " + read.error().hint();
  }

  // Per-CPU variables of CPU 0 and 1 lie in the direct mapping, 64 and 80 MiB above its start.
  static constexpr std::uint64_t kAreas[] = {kDirect + (64 << 20), kDirect + (80 << 20)};
  std::uint64_t kPerCpu[2] = {0, 0};
  const KernelDescription* names_ = nullptr;
  const GuestState* state_ = nullptr;
  std::vector<unsigned char> ram_;
};

TEST_F(ReadValueTest, NumbersOfTheKernelsOwn) {
  with_each_kernel([&] {
    put(symbol("nr_threads"), 42, 4);
    EXPECT_EQ(value("nr_threads"), 42);
    put(symbol("jiffies_64"), 4294967296, 8);
    EXPECT_EQ(value("(u64)jiffies_64"), 4294967296);
    EXPECT_EQ(value("(int)nr_threads"), 42);
    EXPECT_THAT(refusal("no_such_variable"), HasSubstr("no variable 'no_such_variable'"));
    EXPECT_THAT(refusal("(no_such_type)nr_threads"), HasSubstr("no type 'no_such_type'"));
    EXPECT_THAT(refusal("init_task"), HasSubstr("name it"));
  });
}

TEST_F(ReadValueTest, StructsPointersAndTexts) {
  with_each_kernel([&] {
    const std::uint64_t task = symbol("init_task");
    put_bytes(task + offset("task_struct", "comm"), "swapper/0", 10);
    put(task + offset("task_struct", "prio"), static_cast<std::uint64_t>(-5), 4);
    put(task + offset("task_struct", "real_parent"), task, 8);
    EXPECT_EQ(value("(task_struct)init_task.comm"), "swapper/0");
    EXPECT_EQ(value("(task_struct)init_task.prio"), -5);
    EXPECT_EQ(value("(task_struct)init_task.real_parent->real_parent->comm"), "swapper/0");
    EXPECT_THAT(value("(task_struct)init_task.real_parent").get<std::string>(), HasSubstr("<init_task>"));
    EXPECT_THAT(refusal("(task_struct)init_task.group_leader->comm"), HasSubstr("is null"));
    EXPECT_THAT(refusal("(task_struct)init_task.nothing"), HasSubstr("has no member 'nothing'; it has"));
    EXPECT_THAT(refusal("(task_struct)init_task.prio.x"), HasSubstr("is no struct"));
    EXPECT_THAT(refusal("(task_struct)init_task.comm[16]"), HasSubstr("16 elements"));
    EXPECT_EQ(value("(task_struct)init_task.comm[1]"), 'w');
    const Json whole = value("(task_struct)init_task.se");
    ASSERT_TRUE(whole.is_object());
    EXPECT_TRUE(whole.contains("vruntime"));
    // The list of a process' threads, with one.
    const std::uint64_t signal = kDirect + (32 << 20), head = signal + names_->layout.thread_head;
    put(task + names_->layout.signal, signal, 8);
    put(head, task + names_->layout.thread_node, 8);
    put(task + names_->layout.thread_node, head, 8);
    EXPECT_EQ(value("task[0].comm"), "swapper/0");
    EXPECT_THAT(refusal("task[77].comm"), HasSubstr("no task has the pid 77"));
  });
}

// A pointer into no memory, and one to itself.
TEST_F(ReadValueTest, WhateverIsThereReadingEnds) {
  with_each_kernel([&] {
    const std::uint64_t task = symbol("init_task");
    put(task + offset("task_struct", "real_parent"), 0xdead000000000000, 8);
    EXPECT_EQ(value("(task_struct)init_task.real_parent->prio"), Json());
    std::fill(ram_.begin() + static_cast<std::ptrdiff_t>(task - kImage),
              ram_.begin() + static_cast<std::ptrdiff_t>(task - kImage + 8192), 0xff);
    EXPECT_TRUE(value("(task_struct)init_task").is_object());
  });
}

TEST_F(ReadValueTest, PerCpuVariablesOfOneAndOfAllCpus) {
  with_each_kernel([&] {
    const std::uint64_t rq = symbol("runqueues"), nr = offset("rq", "nr_running");
    for (int cpu = 0; cpu < 2; ++cpu) {
      put(symbol("__per_cpu_offset") + 8 * cpu, kAreas[cpu] - rq, 8);
      put(kAreas[cpu] + nr, 3 + cpu, 4);
    }
    EXPECT_EQ(value("runqueues[1].nr_running"), 4);
    EXPECT_EQ(value("runqueues.nr_running"), (Json{3, 4}));
    EXPECT_THAT(refusal("runqueues[2].nr_running"), HasSubstr("no CPU 2; it has 2"));
  });
}

TEST_F(ReadValueTest, WithoutABpfSchedulerThereAreNoneOfItsVariables) {
  with_each_kernel([&] { EXPECT_THAT(refusal("bpf:nr_tasks"), HasSubstr("no BPF scheduler now")); });
}

TEST(ValueText, IsALineOrIndented) {
  EXPECT_EQ(value_text("a", Json(3)), "a = 3\n");
  EXPECT_EQ(value_text("a", Json("x")), "a = \"x\"\n");
  EXPECT_EQ(value_text("a", Json{{"b", 1}}), "a = {\n  \"b\": 1\n}\n");
}

}  // namespace
}  // namespace ktstr
