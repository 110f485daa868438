// SPDX-License-Identifier: Apache-2.0
#include "dump_import/dump_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "dump_import/dump_text.h"
#include "dump_import/dump_workers.h"
#include "scenario_file/scenario_file.h"

namespace ktstr {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

ImportedDump imported(const std::string& text) {
  const auto made = import_dump(text, "d", "d.txt");
  EXPECT_TRUE(made) << made.error().render();
  if (!made) return {};
  const auto file = parse_scenario(made->toml, "d.toml");
  EXPECT_TRUE(file) << file.error().render() << made->toml;
  return *made;
}

ImportedDump of_file(const std::string& name) {
  const auto text = read_text(fs::path(KTSTR_DUMPS) / (name + ".txt"));
  EXPECT_TRUE(text) << name;
  return text ? imported(*text) : ImportedDump();
}

std::string refusal(const std::string& text) {
  const auto made = import_dump(text, "d", "d.txt");
  return made ? "(none)" : made.error().message();
}

// One task on CPU 0, with these lines for its details and its CPU's.
std::string one(const std::string& task, const std::string& details,
                const std::string& curr = "swapper/0[0] class=idle_sched_class") {
  return "a[1] triggered exit kind 1025:\n  scx_bpf_error (boom)\n\nCPU 0   : nr_run=1 flags=0x1\n          curr=" +
         curr + "\n\n  R " + task + " -10ms\n" + details;
}

TEST(DumpImport, MakesAWorkerOfEachTask) {
  for (const char* name : {"stall-7.3", "stall-6.18"}) {
    const ImportedDump made = of_file(name);
    EXPECT_THAT(made.toml, HasSubstr("From a dump of sched_ext: 7 tasks on 4 CPUs under the BPF scheduler \"ktstr\"."));
    EXPECT_THAT(made.toml,
                AllOf(HasSubstr("topology = \"1n1l4c1t\""), HasSubstr("scheduler = \"scx_ktstr\""),
                      HasSubstr("exit kind 1026, in the context of kworker/u16:"), HasSubstr("scheduler_stalled"),
                      HasSubstr("duration = \"4s\"  # it ran for 1.5"), HasSubstr("failed to run for 1.24")))
        << name;
    EXPECT_THAT(made.toml, HasSubstr("type = \"SpinWait\"\nworkers = 3\ncomm = \"render thread\"\nnice = -5\n\n"));
    EXPECT_THAT(made.toml,
                HasSubstr("type = \"SpinWait\"\nworkers = 2\ncomm = \"batch [x]\"\nnice = 10\naffinity = \"2-3\"\n"));
    EXPECT_THAT(made.toml, HasSubstr("type = \"Bursty\"\nworkers = 2\ncomm = \"ui\"\n"));
    EXPECT_THAT(made.notes,
                Contains(HasSubstr("the scheduler's own process is left out; it is there in each run: scx_ktstr[")));
    EXPECT_THAT(made.notes, Contains(HasSubstr("kernel threads are left out; the guest has its own: kworker/")));
    for (const std::string& note : made.notes) EXPECT_THAT(made.toml, HasSubstr("# - " + note));
  }
}

TEST(DumpImport, SaysWhatEachTaskWaitedFor) {
  EXPECT_THAT(of_file("stall-6.18").toml,
              HasSubstr("# render thread[144] on the runqueue of CPU 0, waited 1.248 s, in DSQ 0x101, weight 305; "
                        "scx_state/flags=3/0x1 dsq_flags=0x0 ops_state/qseq=0/0\n"));
  EXPECT_THAT(of_file("stall-6.18").toml,
              HasSubstr("# CPU 0: nr_run=1 flags=0x1 cpu_rel=0 ops_qseq=4 pnt_seq=56; ran swapper/0[0], class idle\n"));
}

TEST(DumpImport, TakesOtherShapes) {
  const ImportedDump crash = of_file("crash-7.3");
  EXPECT_THAT(crash.toml, AllOf(HasSubstr("# expect = { kind = \"scheduler_crashed\", text = \"runtime error\" }\n"),
                                HasSubstr("affinity = \"2-3\""), Not(HasSubstr("max_gap"))));
  const ImportedDump hotplug = of_file("hotplug-7.3");
  EXPECT_THAT(hotplug.toml, HasSubstr("topology = \"1n1l4c1t\""));
  EXPECT_THAT(hotplug.notes, Contains("CPU 2 is not in the dump: idle, offline, or never there"));
  EXPECT_THAT(hotplug.notes, Contains("no task of users may run on CPU 2: offline, or set aside; here it is online"));
  const ImportedDump cut = of_file("truncated-7.3");
  EXPECT_THAT(cut.toml, HasSubstr("topology = \"1n1l32c1t\""));
  EXPECT_THAT(cut.notes, Contains(HasSubstr("CPUs 1-28,31 are not in the dump: idle, offline, cut off, or")));
  EXPECT_THAT(cut.notes,
              Contains(HasSubstr("no cpus= of them is there: they may run everywhere here: web/39[369] (line 118)")));
}

TEST(DumpImport, HasAsManyCpusAsAGuestMay) {
  const std::string wide = "      cpus=" + std::string(128, 'f') + "\n";
  const ImportedDump made = imported(one("hog[2]", wide));
  EXPECT_THAT(made.toml, AllOf(HasSubstr("topology = \"1n1l252c1t\""), Not(HasSubstr("affinity"))));
  EXPECT_THAT(made.notes, Contains(HasSubstr("the machine had 512 CPUs, a guest has up to 252")));
  const std::string two = one("hog[2]", wide) + "\n  R far[3] -20ms\n      cpus=8" + std::string(127, '0') + "\n";
  EXPECT_THAT(imported(two).notes, Contains("left out, because no CPU is left that they may run on: far[3]"));
}

TEST(DumpImport, MakesManyTasksThreads) {
  std::string text = one("t[2]", "      cpus=3\n");
  for (int i = 0; i < 1000; ++i) text += "\n  R t[" + std::to_string(1000 + i) + "] -20ms\n      cpus=3\n";
  EXPECT_THAT(imported(text).toml,
              AllOf(HasSubstr("pcomm = \"dump\""), HasSubstr("workers = 1001"), HasSubstr("# ... and 985 more")));
  for (int i = 0; i < 4000; ++i) text += "\n  R t[" + std::to_string(9000 + i) + "] -20ms\n      cpus=3\n";
  EXPECT_THAT(refusal(text), HasSubstr("CPU 0 has more than 4096 tasks"));
}

TEST(DumpImport, KeepsWhoHeldACpuAgainstTheScheduler) {
  const ImportedDump made = imported(one("w[2]", "      cpus=3\n", "audio[7] class=rt_sched_class"));
  EXPECT_THAT(made.toml, HasSubstr("comm = \"audio\"\npolicy = \"fifo:1\"\naffinity = \"0\"\n"));
  EXPECT_THAT(made.notes, Contains(HasSubstr("their priority is not known: audio[7]")));
  const ImportedDump partial = imported(one("w[2]", "      cpus=3\n", "sh[7] class=fair_sched_class"));
  EXPECT_THAT(partial.toml, AllOf(HasSubstr("comm = \"w\"\npolicy = \"ext\"\n"), HasSubstr("comm = \"sh\"\n")));
  EXPECT_THAT(imported(one("w[2]", "", "d[7] class=dl_sched_class")).notes, Contains(HasSubstr("deadline class")));
  EXPECT_THAT(imported(one("w[2]", "", "migration/0[7] class=stop_sched_class")).toml,
              Not(HasSubstr("comm = \"migration")));
}

TEST(DumpImport, DoesNotPinWhoCouldNotMoveForTheMoment) {
  const ImportedDump made =
      imported(one("w[2]", "      cpus=2 no_mig=1\n") + "\n  R v[3] -1ms\n      cpus=2 no_mig=0\n");
  EXPECT_THAT(made.toml, HasSubstr("comm = \"w\"\n\n"));
  EXPECT_THAT(made.toml, HasSubstr("comm = \"v\"\naffinity = \"1\"\n"));
  EXPECT_THAT(made.notes, Contains(HasSubstr("could not move for the moment")));
}

TEST(DumpImport, CannotBeMadeToWriteAnythingElse) {
  const ImportedDump made =
      imported(one("a\"\\\x01\x7f\xc3[x]\x1b[2]", "      scx_state/flags=3/0x1 \x01\n      cpus=3\n",
                   "\x02\r\xe2\x80\xae[9] class=rt_sched_class"));
  EXPECT_THAT(made.toml, HasSubstr("comm = \"a\\\"\\\\___[x]_\"\n"));
}

TEST(DumpImport, IsRefusedWhereTheExitsTaskCannotBeAWorker) {
  const std::string head = "k[1] triggered exit kind 1026:\n  runnable task stall (";
  const std::string tail =
      " failed to run for 3.0s)\n\nCPU 0   : nr_run=2 flags=0x1\n\n  R u[5] -1ms\n      cpus=3\n\n  R ";
  EXPECT_EQ(refusal(head + "kworker/0:1[7]" + tail + "kworker/0:1[7] -3000ms\n      cpus=1\n"),
            "d.txt:9: kworker/0:1[7], whom the exit is about, is a kernel thread, which a worker cannot be");
  EXPECT_EQ(refusal(head + "kfoo[7]" + tail + "kfoo[7] -3000ms\n      cpus=1\n\n    kthread+0xe5/0x120\n"),
            "d.txt:9: kfoo[7], whom the exit is about, is a kernel thread, which a worker cannot be");
  EXPECT_EQ(refusal(head + "scx_x[7]" + tail + "scx_x[7] -3000ms\n      cpus=1\n"),
            "d.txt:9: scx_x[7], whom the exit is about, is the scheduler's own process, which is there in each run");
  EXPECT_EQ(refusal("a[1] triggered exit kind 1025:\n  x (y)\nCPU 0   : nr_run=1\n  R kworker/0:1[7] -3000ms\n"),
            "d.txt:1: no task of the dump can be a worker: all are the kernel's or the scheduler's own");
}

TEST(DumpImport, AsksForTheSchedulerWhereNobodyNamesIt) {
  EXPECT_THAT(imported(one("w[2]", "")).notes, Contains(HasSubstr("which scheduler it was")));
  EXPECT_THAT(imported(one("scx_lavd[3]", "") + "\n  R w[4] -1ms\n").toml, HasSubstr("scheduler = \"scx_lavd\""));
  EXPECT_EQ(program_of_ops("lavd_1.0.9_g9fb1f9ad_x86_64_unknown_linux_gnu"), "scx_lavd");
  EXPECT_EQ(program_of_ops("simple"), "scx_simple");
  EXPECT_EQ(program_of_ops("scx_mine"), "scx_mine");
  EXPECT_EQ(program_of_ops("my_own"), "scx_my_own");
  EXPECT_EQ(program_of_ops(""), "");
}

TEST(DumpImport, KnowsTheNiceValueOfAWeight) {
  // set_weight_scx() of the kernel's sched_prio_to_weight, nice -20 first.
  constexpr unsigned kWeights[] = {8668, 7007, 5516, 4519, 3544, 2847, 2271, 1827, 1460, 1164, 932, 744, 596, 479,
                                   381,  305,  244,  194,  155,  125,  100,  80,   64,   51,   41,  33,  27,  21,
                                   17,   13,   11,   8,    7,    5,    4,    4,    3,    2,    2,   1};
  int nice = -20;
  for (const unsigned weight : kWeights) {
    bool exact = false;
    const int found = nice_of_weight(weight, exact);
    EXPECT_EQ(exact, nice < 14 || nice == 16) << nice;
    if (exact)
      EXPECT_EQ(found, nice);
    else
      EXPECT_NEAR(found, nice, 1);
    ++nice;
  }
}

TEST(DumpImport, KnowsTheKernelsOwnQueues) {
  EXPECT_EQ(dsq_words("0x8000000000000002", 3), "the local DSQ of CPU 3");
  EXPECT_EQ(dsq_words("0x8000000000000001", 3), "the global DSQ");
  EXPECT_EQ(dsq_words("0xc000000000000005", 3), "the local DSQ of CPU 5");
  EXPECT_EQ(dsq_words("0x101", 3), "DSQ 0x101");
  EXPECT_EQ(dsq_words("(n/a)", 3), "no DSQ");
}

}  // namespace
}  // namespace ktstr
