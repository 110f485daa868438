// SPDX-License-Identifier: Apache-2.0
#include "sched_ext/dump.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace ktstr {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// What a scheduler printed on 7.3.4 and on 6.18.15, with shorter backtraces and fewer counters.
constexpr const char* kOn73 = R"(scx_ktstr: attached, 1 LLCs, slice 5000 us
scx_ktstr: ended: kind=1026 code=0 reason="runnable task stall" msg="cg_0/0[106] failed to run for 2.648s"
scx_ktstr: dump:
ktstr: root
kworker/u8:2[39] triggered exit kind 1026 on CPU 0:
  runnable task stall (cg_0/0[106] failed to run for 2.648s)

Backtrace:
  scx_vexit+0x6d/0xa0
  __scx_exit+0x4f/0x70
  scx_watchdog_workfn+0x1b6/0x260
  process_one_work+0x1cd/0x3c0
  worker_thread+0x1af/0x320
  kthread+0xe5/0x120
  ret_from_fork+0x2bc/0x350
  ret_from_fork_asm+0x1a/0x30

CPU states
----------

CPU 0   : nr_run=2 flags=0x1 cpu_rel=0 ksync=78
          rescue=0 budget=0us rescuing=none[-1]
          curr=kworker/u8:2[39] class=ext_sched_class

 *R kworker/u8:2[39] *root +0ms
      scx_state/flags=4/0xd dsq_flags=0x0 ops_state/qseq=0/0
      sticky/holding_cpu=-1/-1 dsq_id=(n/a)
      dsq_vtime=250751384 slice=5000000 weight=100
      cpus=3 no_mig=0

    scx_dump_cpu+0x5e1/0x630
    scx_dump_state+0x355/0x6f0

  R cg_0/0[106] *root -2648ms
      scx_state/flags=4/0x3 dsq_flags=0x0 ops_state/qseq=0/0
      sticky/holding_cpu=-1/-1 dsq_id=0x101
      dsq_vtime=263597848 slice=5000000 weight=100
      cpus=3 no_mig=0

    asm_sysvec_apic_timer_interrupt+0x1a/0x20

CPU 1   : nr_run=2 flags=0x1 cpu_rel=0 ksync=151
          rescue=0 budget=0us rescuing=none[-1]
          curr=swapper/1[0] class=idle_sched_class

  R cg_0/1[107] *root -2648ms
      scx_state/flags=4/0x3 dsq_flags=0x0 ops_state/qseq=0/0
      sticky/holding_cpu=-1/-1 dsq_id=0x101
      dsq_vtime=260904912 slice=5000000 weight=100
      cpus=3 no_mig=0

    asm_sysvec_apic_timer_interrupt+0x1a/0x20

  R scx_ktstr[103] *root -2572ms
      scx_state/flags=4/0xb dsq_flags=0x0 ops_state/qseq=0/0
      sticky/holding_cpu=-1/-1 dsq_id=0x101
      dsq_vtime=1763248 slice=5000000 weight=100
      cpus=3 no_mig=0

    do_sys_poll+0x416/0x5a0
    __x64_sys_poll+0xce/0x180

Event counters
--------------
              SCX_EV_SELECT_CPU_FALLBACK:                0
       SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE:                0
               SCX_EV_DISPATCH_KEEP_LAST:                0

scx_ktstr: end of dump
)";

constexpr const char* kOn618 = R"(scx_ktstr: attached, 1 LLCs, slice 5000 us
scx_ktstr: ended: kind=1026 code=0 reason="runnable task stall" msg="cg_0/0[127] failed to run for 2.672s"
scx_ktstr: dump:
kworker/u8:2[37] triggered exit kind 1026:
  runnable task stall (cg_0/0[127] failed to run for 2.672s)

Backtrace:
  scx_watchdog_workfn+0x16a/0x1f0
  process_one_work+0x18d/0x340
  worker_thread+0x196/0x300
  kthread+0xfc/0x240
  ret_from_fork+0x1cf/0x200
  ret_from_fork_asm+0x1a/0x30

CPU states
----------

CPU 0   : nr_run=4 flags=0x1 cpu_rel=0 ops_qseq=11 pnt_seq=74
          curr=kworker/u8:2[37] class=ext_sched_class

 *R kworker/u8:2[37] +0ms
      scx_state/flags=3/0xd dsq_flags=0x0 ops_state/qseq=0/0
      sticky/holding_cpu=-1/-1 dsq_id=(n/a)
      dsq_vtime=251841472 slice=5000000 weight=100
      cpus=3 no_mig=0

    scx_dump_state+0x8b6/0x9c0
    scx_error_irq_workfn+0x32/0x40

  R cg_0/0[127] -2672ms
      scx_state/flags=3/0x1 dsq_flags=0x0 ops_state/qseq=0/0
      sticky/holding_cpu=-1/-1 dsq_id=0x101
      dsq_vtime=264562960 slice=5000000 weight=100
      cpus=3 no_mig=0

    asm_sysvec_apic_timer_interrupt+0x1a/0x20

  R scx_ktstr[125] -2592ms
      scx_state/flags=3/0x9 dsq_flags=0x0 ops_state/qseq=0/0
      sticky/holding_cpu=-1/-1 dsq_id=0x101
      dsq_vtime=2435128 slice=5000000 weight=100
      cpus=3 no_mig=0

    do_sys_poll+0x413/0x5a0
    __x64_sys_poll+0xce/0x180

  R kworker/0:1[11] +0ms
      scx_state/flags=3/0x9 dsq_flags=0x0 ops_state/qseq=0/0
      sticky/holding_cpu=-1/-1 dsq_id=0x8000000000000002
      dsq_vtime=252355864 slice=5000000 weight=100
      cpus=1 no_mig=0

    kthread+0xfc/0x240
    ret_from_fork+0x1cf/0x200

CPU 1   : nr_run=1 flags=0x1 cpu_rel=0 ops_qseq=17 pnt_seq=143
          curr=swapper/1[0] class=idle_sched_class

  R cg_0/1[128] -2672ms
      scx_state/flags=3/0x1 dsq_flags=0x0 ops_state/qseq=0/0
      sticky/holding_cpu=-1/-1 dsq_id=0x101
      dsq_vtime=262550896 slice=5000000 weight=100
      cpus=3 no_mig=0

    asm_sysvec_apic_timer_interrupt+0x1a/0x20

Event counters
--------------
              SCX_EV_SELECT_CPU_FALLBACK:                0
       SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE:                0
               SCX_EV_DISPATCH_KEEP_LAST:                0

scx_ktstr: end of dump
)";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::string why(const std::string& dump, const std::string& message) {
  const auto parsed = parse_dump(lines_of(dump));
  return parsed ? explain_stall(*parsed, stalled_task(message)) : "(no dump)";
}

TEST(SchedExtDump, IsReadAsBothKernelsPrintIt) {
  for (const char* text : {kOn73, kOn618}) {
    const auto dump = parse_dump(lines_of(text));
    ASSERT_TRUE(dump);
    EXPECT_THAT(dump->trigger_comm, HasSubstr("kworker/u8:2"));
    ASSERT_EQ(dump->cpus.size(), 2u);
    EXPECT_EQ(dump->cpus[0].curr_class, "ext");
    EXPECT_EQ(dump->cpus[1].cpu, 1);
    EXPECT_FALSE(dump->cpus[1].tasks.empty());
    const DumpTask& task = dump->cpus[0].tasks.at(1);
    EXPECT_EQ(task.comm, "cg_0/0");
    EXPECT_EQ(task.dsq, "0x101");
    EXPECT_EQ(task.cpus, (CpuSet{0, 1}));
    EXPECT_GT(task.since_ms, 2000);
  }
}

TEST(SchedExtDump, SaysWhereAStalledTaskWaitedAndWhatItsCpusDid) {
  EXPECT_EQ(why(kOn73, "cg_0/0[106] failed to run for 2.648s"),
            "it waited in DSQ 0x101 for CPUs 0-1; CPU 0 ran the watchdog that saw it, CPU 1 was idle");
  EXPECT_EQ(why(kOn618, "cg_0/0[127] failed to run for 2.672s"),
            "it waited in DSQ 0x101 for CPUs 0-1; CPU 0 ran the watchdog that saw it, CPU 1 was idle");
}

TEST(SchedExtDump, NamesTheRealTimeTaskThatHeldTheCpu) {
  std::string text =
      replaced(kOn73, "curr=swapper/1[0] class=idle_sched_class", "curr=my hog[1][123] class=rt_sched_class");
  text = replaced(text, "dsq_id=0x101", "dsq_id=0x8000000000000002");
  EXPECT_EQ(why(text, "cg_0/1[107] failed to run for 2.648s"),
            "it waited in the local DSQ of CPU 1; CPU 1 was held by the real-time task my hog[1][123]");
}

TEST(SchedExtDump, SaysThatTheBpfSchedulerKeptATaskThatIsInNoDsq) {
  const std::string text = replaced(kOn618, "dsq_id=0x101", "dsq_id=(n/a)");
  EXPECT_THAT(why(text, "cg_0/0[127] failed to run for 2.672s"),
              HasSubstr("in no DSQ, kept by the BPF scheduler, for CPUs 0-1"));
}

TEST(SchedExtDump, SaysNothingOfATaskThatIsNotInIt) {
  EXPECT_EQ(why(kOn73, "other[9999] failed to run for 2.648s"), "");
  EXPECT_EQ(why(kOn73, "invalid CPU 99"), "");
  EXPECT_FALSE(parse_dump({"attached", "no dump here"}));
}

TEST(SchedExtDump, IsCutToWhatExplains) {
  const auto kept = with_short_dumps(lines_of(kOn73), stalled_task("cg_0/1[107] failed to run for 2.648s"));
  EXPECT_THAT(kept, Contains(HasSubstr("attached, 1 LLCs")));
  EXPECT_THAT(kept, Contains(HasSubstr("triggered exit kind 1026")));
  EXPECT_THAT(kept, Contains(HasSubstr("R cg_0/1[107]")));
  EXPECT_THAT(kept, Not(Contains(HasSubstr("CPU 0   :"))));
  EXPECT_THAT(kept, Not(Contains(HasSubstr("SCX_EV"))));
  EXPECT_THAT(kept, Contains(HasSubstr("(of the kernel's dump ")));
  EXPECT_LT(kept.size(), 20u) << "a report shows the last 20 lines";
  EXPECT_THAT(kept.back(), HasSubstr("end of dump"));
}

TEST(SchedExtDump, IsKeptWholeWhereItIsShort) {
  const std::vector<std::string> log = {"x[1] triggered exit kind 1025:", "  scx_bpf_error (boom)"};
  EXPECT_EQ(with_short_dumps(log, {}), log);
}

TEST(SchedExtDump, KnowsTheTaskThatIsWhereItMayNotBe) {
  const DumpTask task = misplaced_task("SCX_DSQ_LOCAL[_ON] target CPU 0 not allowed for cg_0/1[106]");
  EXPECT_EQ(task.comm, "cg_0/1");
  EXPECT_EQ(task.pid, 106);
  EXPECT_EQ(misplaced_task("SCX_DSQ_LOCAL[_ON] cannot move migration disabled a b[7] from CPU 0 to 1").pid, 7);
  for (const char* const other : {"", " not allowed for ", "target CPU 0 not allowed for x", "boom[7]",
                                  " not allowed for ]", "cg_0/1[106] failed to run for 3.039s"})
    EXPECT_EQ(misplaced_task(other).pid, 0) << other;
}

TEST(SchedExtDump, SurvivesNonsense) {
  for (const char* line :
       {"[ triggered exit kind ", "[] triggered exit kind 1:", "a[1] triggered exit kind", "CPU : nr_run=", "CPU x",
        "  R [-", "          curr=", " *R a[99999999999] +0ms", "      cpus=zz dsq_id="})
    EXPECT_NO_FATAL_FAILURE((with_short_dumps({"a[1] triggered exit kind 1:", "CPU 0   : nr_run=1", line, line}, {})));
}

}  // namespace
}  // namespace ktstr
