// SPDX-License-Identifier: Apache-2.0
//
// ktstr work import, with recordings that were made here.
#include <gmock/gmock.h>

#include "results/run_record_json.h"
#include "run_ktstr.h"
#include "trace/testing/sample_stream.h"
#include "trace/testing/trace_in_file.h"

namespace ktstr {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kSchedScript =
    "  server   10 [000]     5.000000:       sched:sched_waking: comm=worker pid=11 prio=125 target_cpu=001\n"
    "  swapper   0 [001]     5.000010:       sched:sched_switch: prev_comm=swapper/1 prev_pid=0 prev_prio=120 "
    "prev_state=R ==> next_comm=worker next_pid=11 next_prio=125\n"
    "  server   10 [000]     5.001000:       sched:sched_switch: prev_comm=server prev_pid=10 prev_prio=120 "
    "prev_state=S ==> next_comm=swapper/0 next_pid=0 next_prio=120\n"
    "  worker   11 [001]     5.002010:       sched:sched_switch: prev_comm=worker prev_pid=11 prev_prio=125 "
    "prev_state=S ==> next_comm=swapper/1 next_pid=0 next_prio=120\n"
    "  swapper   0 [000]     5.003000:       sched:sched_waking: comm=server pid=10 prio=120 target_cpu=000\n"
    "  swapper   0 [000]     5.003000:       sched:sched_switch: prev_comm=swapper/0 prev_pid=0 prev_prio=120 "
    "prev_state=R ==> next_comm=server next_pid=10 next_prio=120\n"
    "  server   10 [000]     5.003500:       sched:sched_waking: comm=worker pid=11 prio=125 target_cpu=001\n"
    "  swapper   0 [001]     5.003500:       sched:sched_switch: prev_comm=swapper/1 prev_pid=0 prev_prio=120 "
    "prev_state=R ==> next_comm=worker next_pid=11 next_prio=125\n"
    "  server   10 [000]     5.004000:       sched:sched_switch: prev_comm=server prev_pid=10 prev_prio=120 "
    "prev_state=S ==> next_comm=swapper/0 next_pid=0 next_prio=120\n"
    "  worker   11 [001]     5.005500:       sched:sched_switch: prev_comm=worker prev_pid=11 prev_prio=125 "
    "prev_state=S ==> next_comm=swapper/1 next_pid=0 next_prio=120\n";

constexpr const char* kDump =
    "[  811.133449] sched_ext: BPF scheduler \"mine\" enabled\n"
    "[  816.714289] sched_ext: BPF scheduler \"mine\" disabled (runnable task stall)\n"
    "[  816.714407] sched_ext: mine: render[121] failed to run for 3.244s\n"
    "kworker/u16:3[62] triggered exit kind 1026 on CPU 0:\n"
    "  runnable task stall (render[121] failed to run for 3.244s)\n"
    "\n"
    "CPU 0   : nr_run=1 flags=0x1 cpu_rel=0 ksync=60\n"
    "          curr=swapper/0[0] class=idle_sched_class\n"
    "\n"
    "  R render[121] *root -3244ms\n"
    "      scx_state/flags=4/0x3 dsq_flags=0x0 ops_state/qseq=0/0\n"
    "      sticky/holding_cpu=-1/-1 dsq_id=0x101\n"
    "      dsq_vtime=52129012 slice=5000000 weight=305\n"
    "      cpus=c no_mig=0\n";

class Import : public KtstrProgram {
 protected:
  void expect_refused(const std::vector<std::string>& arguments, const std::string& words) const {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.status.value, 64) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, HasSubstr(words));
  }
};

TEST_F(Import, WritesWhatPerfPrintsAsAScenario) {
  write("web.txt", kSchedScript);
  const Ran ran = run({"work", "import", "web.txt"});
  EXPECT_EQ(ran.status.value, 0) << ran.err;
  expect_golden("work_import", ran.out);
  expect_golden("work_import_notes", ran.err);
  const Ran part = run({"work", "import", "web.txt", "--to", "0.004", "--task", "11", "-o", "part.toml"});
  EXPECT_EQ(part.status.value, 0) << part.err;
  EXPECT_EQ(part.out, "");
  const auto made = read_text(path("part.toml"));
  ASSERT_TRUE(made) << made.error().render();
  EXPECT_THAT(*made, AllOf(HasSubstr("period = \"4ms\""), HasSubstr("name:worker+nice:5"), Not(HasSubstr("server"))));
}

TEST_F(Import, TakesARunByItsIdItsDirectoryAndItsTrace) {
  const fs::path directory = path("state/ktstr/runs/20261129-040454.123-two_cgroups-0a1b");
  fs::create_directories(directory);
  RunRecord record;
  record.id = directory.filename();
  record.test = "two_cgroups";
  record.mode = "det";
  const auto events = sample_stream(2'000);
  record.body_start_ns = events.front().time_ns + 500'000;
  record.tuple.topology = {1, 2, 2, 1};
  ASSERT_TRUE(store_run_record(record, directory));
  store_trace(directory / kTraceFileName, events);
  const Ran last = run({"work", "import", "last", "--tasks", "3"});
  EXPECT_EQ(last.status.value, 0) << last.err;
  EXPECT_THAT(last.out, AllOf(HasSubstr("name = \"two_cgroups_replay\""), HasSubstr("topology = \"1n2l2c1t\""),
                              HasSubstr("# task 2"), Not(HasSubstr("# task 3"))));
  EXPECT_EQ(run({"work", "import", directory, "--tasks", "3"}).out, last.out);
  const Ran file = run({"work", "import", directory / kTraceFileName});
  EXPECT_EQ(file.status.value, 0) << file.err;
  EXPECT_THAT(file.out, HasSubstr("name = \"trace\""));
  expect_refused({"work", "import", "last", "--format", "text"},
                 "of a run there are a trace of ktstr and a dump alone");
}

TEST_F(Import, TakesADumpOfSchedExt) {
  write("stall.txt", kDump);
  const Ran ran = run({"work", "import", "stall.txt"});
  EXPECT_EQ(ran.status.value, 0) << ran.err;
  expect_golden("work_import_dump", ran.out);
  expect_golden("work_import_dump_notes", ran.err);
  std::string wrong = kDump;
  wrong.replace(wrong.find("weight=305"), 10, "weight=0  ");
  write("wrong.txt", wrong);
  expect_refused({"work", "import", "wrong.txt"}, "wrong.txt:13: weight=0 is none; it is 1 to 10000");
  expect_refused({"work", "import", "stall.txt", "--tasks", "3"}, "a dump is taken as a whole");
}

TEST_F(Import, SaysWhatItCannotTake) {
  write("web.txt", kSchedScript);
  write("perf.data", "PERFILE2....");
  write("empty.txt", "");
  write("words.txt", "hello\n");
  write("game.json", "{ \"tasks\": { \"a\": { \"run\": 10 } } }");
  expect_refused({"work", "import", "perf.data"}, "perf script");
  expect_refused({"work", "import", "empty.txt"}, "is empty");
  expect_refused({"work", "import", "words.txt"}, "there is no sched_switch in it");
  expect_refused({"work", "import", "web.txt", "--format", "perfetto"}, "web.txt: it is damaged or cut short at byte");
  expect_refused({"work", "import", "web.txt", "--format", "other"},
                 "there are rt-app, text, perfetto, ktstr and dump");
  expect_refused({"work", "import", "web.txt", "--from", "3"}, "nothing is left between --from and --to");
  expect_refused({"work", "import", "web.txt", "--from", "3", "--to", "2"}, "--from is later than --to");
  expect_refused({"work", "import", "web.txt", "--tasks", "0"}, "--tasks '0' is not a number from 1 to 1024");
  expect_refused({"work", "import", "web.txt", "--task", "nobody"}, "no task that is asked for ran");
  expect_refused({"work", "import", "game.json", "--task", "a"}, "are for recorded traces");
  expect_refused({"work", "import", "none.txt"}, "none.txt");
  expect_refused({"work", "import", "last"}, "there is no finished run");
}

}  // namespace
}  // namespace ktstr
