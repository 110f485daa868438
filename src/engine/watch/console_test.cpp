// SPDX-License-Identifier: Apache-2.0
#include "engine/watch/console.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace ktstr {
namespace {

struct Case {
  const char* text;
  GuestEnd end;
  const char* line;
};

class Classified : public testing::TestWithParam<Case> {};

TEST_P(Classified, ByTheKernelsWords) {
  const auto finding = classify_console(std::string("before\n") + GetParam().text + "\nafter\n");
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->end, GetParam().end);
  EXPECT_EQ(finding->line, GetParam().line);
}

INSTANTIATE_TEST_SUITE_P(
    Console, Classified,
    testing::Values(Case{"[    3.14] Kernel panic - not syncing: sysrq triggered crash", GuestEnd::kKernelPanic,
                         "Kernel panic - not syncing: sysrq triggered crash"},
                    Case{"[    3.14][    T1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000300",
                         GuestEnd::kKernelPanic,
                         "Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000300"},
                    Case{"[    9.1] Kernel panic - not syncing: System is deadlocked on memory", GuestEnd::kOutOfMemory,
                         "Kernel panic - not syncing: System is deadlocked on memory"},
                    Case{"[    9.1] Out of memory: Killed process 70 (stress) total-vm:9kB", GuestEnd::kOutOfMemory,
                         "Out of memory: Killed process 70 (stress) total-vm:9kB"},
                    Case{"[   50.2] watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [w:71]", GuestEnd::kKernelStall,
                         "watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [w:71]"},
                    Case{"[   50.2] watchdog: Watchdog detected hard LOCKUP on cpu 3", GuestEnd::kKernelStall,
                         "watchdog: Watchdog detected hard LOCKUP on cpu 3"},
                    Case{"[   21.0] rcu: INFO: rcu_preempt self-detected stall on CPU", GuestEnd::kKernelStall,
                         "rcu: INFO: rcu_preempt self-detected stall on CPU"},
                    Case{"[   21.0] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:", GuestEnd::kKernelStall,
                         "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:"}));

TEST(Console, ThatSaysNothingOfTheKindIsNotClassified) {
  EXPECT_FALSE(classify_console(""));
  EXPECT_FALSE(classify_console("[  1.0] sched_ext: BPF scheduler \"x\" disabled (runnable task stall)\n"));
}

TEST(Console, AControlGroupOutOfMemoryIsTheTestsOwnBusiness) {
  EXPECT_FALSE(classify_console("[  8.0] Memory cgroup out of memory: Killed process 70 (w)\n"));
}

TEST(Console, WhatAProgramIsCalledIsNoSign) {
  EXPECT_FALSE(classify_console("[ 8.0] Out of memory[70]: segfault at 0 ip 0 sp 0 error 4\n"));
  EXPECT_FALSE(classify_console("[ 8.0] Memory cgroup out of memory: Killed process 70 (hard LOCKUP) total-vm:9kB\n"));
}

TEST(Console, TheCauseWinsOverWhatItLedTo) {
  const auto oom = classify_console(
      "[ 8.0] Out of memory: Killed process 1 (init)\n[ 8.1] Kernel panic - not syncing: Attempted to kill init!\n");
  ASSERT_TRUE(oom);
  EXPECT_EQ(oom->end, GuestEnd::kOutOfMemory);
  const auto panic = classify_console(
      "[ 50] BUG: soft lockup - CPU#1 stuck\n[ 51] Kernel panic - not syncing: softlockup: hung tasks\n");
  ASSERT_TRUE(panic);
  EXPECT_EQ(panic->end, GuestEnd::kKernelPanic);
}

TEST(Console, LastLinesLeaveOutEmptyOnes) {
  EXPECT_THAT(last_lines("a\nb\n\nc\n\n", 2), testing::ElementsAre("b", "c"));
  EXPECT_THAT(last_lines("only", 40), testing::ElementsAre("only"));
  EXPECT_TRUE(last_lines("", 40).empty());
}

class ConsoleFile : public testing::Test {
 protected:
  void SetUp() override {
    auto directory = TempDir::create(fs::temp_directory_path(), "console_test");
    ASSERT_TRUE(directory);
    directory_.emplace(std::move(*directory));
    path_ = directory_->path() / "console";
  }
  std::optional<TempDir> directory_;
  fs::path path_;
};

TEST_F(ConsoleFile, IsReadWithoutWhatATerminalWouldSwallow) {
  ASSERT_TRUE(write_text(path_, std::string("\x1b[2J\x1b[1;1HSeaBIOS\r\n\x1b"
                                            "c[ 1.0] up\r\n")));
  EXPECT_EQ(*read_console_tail(path_), "SeaBIOS\n[ 1.0] up\n");
}

TEST_F(ConsoleFile, IsReadFromItsEndWhenItIsLong) {
  ASSERT_TRUE(write_text(path_, std::string(5000, 'x') + "\nlast\n"));
  EXPECT_EQ(*read_console_tail(path_, 7), "x\nlast\n");
}

TEST_F(ConsoleFile, ThatIsNotThereIsEmpty) { EXPECT_EQ(*read_console_tail(path_), ""); }

TEST_F(ConsoleFile, ThatEndsInsideAnEscapeSequenceIsNoHarm) {
  ASSERT_TRUE(write_text(path_, "a\x1b["));
  EXPECT_EQ(*read_console_tail(path_), "a");
  ASSERT_TRUE(write_text(path_, "a\x1b"));
  EXPECT_EQ(*read_console_tail(path_), "a");
}

}  // namespace
}  // namespace ktstr
