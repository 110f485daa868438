// SPDX-License-Identifier: Apache-2.0
//
// Dumps that schedulers printed on 7.3.4 and 6.18.15, in golden/: cut to some of their CPUs and counters, otherwise as
// they came.
#include "dump_import/dump_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace ktstr {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string dump(const std::string& name) {
  auto text = read_text(fs::path(KTSTR_DUMPS) / (name + ".txt"));
  EXPECT_TRUE(text) << name;
  return text ? *std::move(text) : "";
}

std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::string refused_log(const std::string& text) {
  const auto log = read_dump_log(text, "d.txt");
  return log ? "(none)" : log.error().message();
}

TEST(DumpLog, HasWhatTheKernelSaysOfTheExit) {
  const auto log = read_dump_log(dump("stall-7.3"), "d.txt");
  ASSERT_TRUE(log) << log.error().render();
  EXPECT_EQ(log->ops, "ktstr");
  EXPECT_EQ(log->reason, "runnable task stall");
  EXPECT_EQ(log->message, "render thread[121] failed to run for 1.244s");
  EXPECT_EQ(log->dump.exit_kind, 1026);
  EXPECT_EQ(log->dump.trigger_cpu, 0);
  ASSERT_TRUE(log->uptime_s);
  EXPECT_NEAR(*log->uptime_s, 1.581, 0.001);
  EXPECT_TRUE(log->was_enabled);
  EXPECT_THAT(log->notes, IsEmpty());
}

TEST(DumpLog, HasEachTaskWithItsSettings) {
  for (const char* name : {"stall-7.3", "stall-6.18"}) {
    const auto log = read_dump_log(dump(name), "d.txt");
    ASSERT_TRUE(log) << name;
    int found = 0;
    for (const DumpCpu& cpu : log->dump.cpus)
      for (const DumpTask& task : cpu.tasks) {
        if (task.comm == "render thread") {
          EXPECT_EQ(task.weight, 305u);
          EXPECT_FALSE(task.has_slept);
          EXPECT_EQ(task.cpus, CpuSet::range(0, 3));
        } else if (task.comm == "batch [x]") {
          EXPECT_EQ(task.weight, 11u);
          EXPECT_EQ(task.cpus, (CpuSet{2, 3}));
        } else if (task.comm == "ui") {
          EXPECT_TRUE(task.has_slept);
        } else {
          EXPECT_EQ(task.is_kthread, task.comm.starts_with("kworker/")) << task.comm;
          continue;
        }
        EXPECT_FALSE(task.is_kthread) << task.comm;
        EXPECT_THAT(task.flags, HasSubstr("scx_state/flags="));
        ++found;
      }
    EXPECT_EQ(found, 7) << name;
  }
}

TEST(DumpLog, IsTheSameWithWhatLogsPutBeforeEachLine) {
  const std::string text = dump("stall-6.18");
  const auto plain = read_dump_log(text, "d.txt");
  ASSERT_TRUE(plain);
  for (const std::string before :
       {"[   14.629341] ", "Jan  2 15:04:05 host kernel: ", "2026-01-02T15:04:05+0000 host scx_x[12]: ", "<6>", "    ",
        "kworker/u8:2-37  [000] d..1.  12.345678: sched_ext_dump: "}) {
    std::string prefixed;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at) + 1;
      prefixed += before + text.substr(at, end - at);
      at = end;
    }
    const auto log = read_dump_log(prefixed, "d.txt");
    ASSERT_TRUE(log) << before << log.error().render();
    EXPECT_EQ(log->reason, plain->reason) << before;
    ASSERT_EQ(log->dump.cpus.size(), plain->dump.cpus.size()) << before;
    for (std::size_t i = 0; i < log->dump.cpus.size(); ++i) {
      ASSERT_EQ(log->dump.cpus[i].tasks.size(), plain->dump.cpus[i].tasks.size()) << before;
      for (std::size_t j = 0; j < log->dump.cpus[i].tasks.size(); ++j)
        EXPECT_EQ(log->dump.cpus[i].tasks[j].cpus, plain->dump.cpus[i].tasks[j].cpus) << before;
    }
  }
}

TEST(DumpLog, TakesNothingFromALineThatTheKernelCutInTheMiddle) {
  const auto log = read_dump_log(dump("truncated-7.3"), "d.txt");
  ASSERT_TRUE(log) << log.error().render();
  EXPECT_TRUE(log->dump.is_cut);
  EXPECT_THAT(log->notes, Contains("the kernel cut the dump at line 123: CPUs and tasks after that are missing"));
  EXPECT_TRUE(log->dump.cpus.back().tasks.back().cpus.empty());
  // Half a mask is a mask: "fff" of "ffffffff" are 12 CPUs of 32.
  const auto half = read_dump_log(
      "a[1] triggered exit kind 1025:\n  scx_bpf_error (x)\nCPU 0   : nr_run=1\n\n  R b[2] -10ms\n"
      "      scx_state/flags=3/0x1\n      cpus=fff\n\n~~~~ TRUNCATED ~~~~\n",
      "d.txt");
  ASSERT_TRUE(half);
  EXPECT_TRUE(half->dump.cpus.at(0).tasks.at(0).cpus.empty());
  const auto unended = read_dump_log("CPU 0   : nr_run=1\n  R b[2] -10ms\n      cpus=fff", "d.txt");
  ASSERT_TRUE(unended);
  EXPECT_TRUE(unended->dump.cpus.at(0).tasks.at(0).cpus.empty());
}

TEST(DumpLog, PassesOverOtherMessagesAndSaysSo) {
  std::string text = dump("stall-7.3");
  text = with(text, "      cpus=f no_mig=0\n", "usb 1-1: new device\n      cpus=f no_mig=0\n");
  text = with(text, "  R render thread[121]", "my scheduler: 12 queued\n  R render thread[121]");
  const auto log = read_dump_log(text, "d.txt");
  ASSERT_TRUE(log) << log.error().render();
  ASSERT_EQ(log->notes.size(), 1u);
  EXPECT_THAT(log->notes[0], HasSubstr("and 1 more lines: not of the kernel's dump"));
  EXPECT_EQ(log->dump.cpus.at(0).tasks.at(0).cpus.size(), 4u);
}

TEST(DumpLog, KnowsCpusThatWereOffline) {
  const std::string text = dump("hotplug-7.3");
  const auto alone = read_dump_log(text, "d.txt");
  ASSERT_TRUE(alone);
  EXPECT_TRUE(alone->offline.empty()) << "the dump itself only has no CPU 2";
  const auto log = read_dump_log(
      "[    3.1] smpboot: CPU 1 is now offline\n[    3.2] smpboot: CPU 2 is now offline\n"
      "[    3.3] smpboot: Booting Node 0 Processor 1 APIC 0x1\n" +
          text,
      "d.txt");
  ASSERT_TRUE(log);
  EXPECT_EQ(log->offline, CpuSet{2});
  const auto flags = read_dump_log(with(text, "nr_run=2 flags=0x1", "nr_run=2 flags=0x0"), "d.txt");
  ASSERT_TRUE(flags);
  EXPECT_EQ(flags->offline, CpuSet{0});
}

TEST(DumpLog, IsTheLastOfSeveral) {
  const auto log = read_dump_log(dump("crash-7.3") + dump("stall-7.3"), "d.txt");
  ASSERT_TRUE(log);
  EXPECT_EQ(log->reason, "runnable task stall");
  EXPECT_THAT(log->notes, Contains(HasSubstr("there are 2 dumps; this is the last")));
}

TEST(DumpLog, SaysThatItsBeginningIsMissing) {
  const std::string text = dump("stall-7.3");
  const auto log = read_dump_log(text.substr(text.find("CPU 0 ")), "d.txt");
  ASSERT_TRUE(log) << log.error().render();
  EXPECT_EQ(log->reason, "");
  EXPECT_THAT(log->notes, Contains(HasSubstr("beginning is missing")));
  const auto sysrq = read_dump_log("Debug dump triggered by SysRq-D\n\nCPU 0   : nr_run=1\n  R b[2] -10ms\n", "d.txt");
  ASSERT_TRUE(sysrq);
  EXPECT_EQ(sysrq->reason, "Debug dump triggered by SysRq-D");
}

TEST(DumpLog, SaysWhereTheKernelSpeaksOfAnotherExit) {
  const auto log =
      read_dump_log(with(dump("stall-7.3"), "ktstr: render thread[121] failed", "ktstr: other[7] failed"), "d.txt");
  ASSERT_TRUE(log);
  EXPECT_THAT(log->notes, Contains(HasSubstr("is another than the dump's")));
}

TEST(DumpLog, IsRefusedAtItsLine) {
  EXPECT_EQ(refused_log(""), "d.txt:0: there is no dump of sched_ext up to here");
  EXPECT_EQ(refused_log("a\nb\n"), "d.txt:2: there is no dump of sched_ext up to here");
  const std::string text = dump("stall-6.18");
  EXPECT_EQ(refused_log(with(text, "CPU 1   :", "CPU 9000:")),
            "d.txt:38: 'CPU 9000' is no CPU; a kernel has fewer than 8192");
  EXPECT_EQ(refused_log(with(text, "CPU 1   :", "CPU -1  :")),
            "d.txt:38: 'CPU -1' is no CPU; a kernel has fewer than 8192");
  EXPECT_EQ(refused_log(with(text, "CPU 1   :", "CPU 0   :")),
            "d.txt:38: CPU 0 is there a second time: two dumps are mixed");
  EXPECT_EQ(refused_log(with(text, "cpus=f no", "cpus=g no")), "d.txt:34: cpus=g is no mask of CPUs");
  EXPECT_EQ(refused_log(with(text, "cpus=f no", "cpus=0 no")), "d.txt:34: cpus=0 has no CPU in it");
  EXPECT_EQ(refused_log(with(text, "cpus=f no", "cpus=1" + std::string(2048, '0') + " no")).substr(0, 60),
            "d.txt:34: cpus=1000000000000000000000000000000000000000... h");
  EXPECT_EQ(refused_log(with(text, "weight=305", "weight=0")), "d.txt:33: weight=0 is none; it is 1 to 10000");
  EXPECT_EQ(
      refused_log(with(text, "render thread[144] -1248ms\n      scx", "render thread[99999999999] -1248ms\n      scx")),
      "d.txt:30: the task has no pid that can be read");
  EXPECT_EQ(refused_log("a[1] triggered exit kind 1025:\n  scx_bpf_error (x)\n"),
            "d.txt:2: the dump has no CPU with a task");
}

}  // namespace
}  // namespace ktstr
