// SPDX-License-Identifier: Apache-2.0
//
// The dump that sched_ext makes of its state when it ends a scheduler by error (kernel/sched/ext.c, scx_dump_state), as
// schedulers' programs print it:
//
//   kworker/u8:2[37] triggered exit kind 1026:            7.3: "... on CPU 0:"
//     runnable task stall (cg_0/1[106] failed to run for 3.039s)
//   ...
//   CPU 2   : nr_run=2 flags=0x1 cpu_rel=0 ops_qseq=123 pnt_seq=456
//             curr=hog[123] class=rt_sched_class
//
//     R cg_0/1[106] -3039ms                               7.3: "[106] *root -3039ms"
//         scx_state/flags=3/0x9 ...
//         sticky/holding_cpu=-1/-1 dsq_id=0x101
//         dsq_vtime=263597848 slice=5000000 weight=100
//         cpus=3 no_mig=0
//   ...
//   Event counters
//   --------------
//
// Most of it explains nothing; what does is where the stalled task waited, and who had the CPUs that it may run on.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ktstr/topology.h"

namespace ktstr {

// Above what kernels have (CONFIG_NR_CPUS).
inline constexpr std::size_t kMostDumpCpus = 8192;

struct DumpTask {
  std::string comm;
  int pid = 0;
  char state = '?';           // as in /proc/PID/stat
  bool is_current = false;    // it ran on its CPU
  long since_ms = 0;          // runnable for so long
  std::string flags = {};     // "scx_state/flags=3/0x9 dsq_flags=0x0 ops_state/qseq=0/0"
  bool has_slept = false;     // in these: SCX_TASK_DEQD_FOR_SLEEP, it slept before it became runnable
  std::string dsq = {};       // "0x101"; "(n/a)": in no DSQ; "" where it does not say
  unsigned weight = 0;        // 100 for nice 0; 0 where it does not say
  CpuSet cpus = {};           // that it may run on
  bool may_not_move = false;  // migration is disabled: `cpus` is then only where it is
  bool is_kthread = false;    // as its backtrace shows
  std::size_t line = 0;
};

struct DumpCpu {
  int cpu = 0;
  int running = 0;    // nr_run: tasks of the ext class on its runqueue
  std::string queue;  // all that its line says: "nr_run=2 flags=0x1 ..."
  std::string curr_comm;
  int curr_pid = 0;
  std::string curr_class;       // "ext", "fair", "rt", "dl", "stop", "idle"; "" where it does not say
  std::vector<DumpTask> tasks;  // of the ext class, runnable there
  std::size_t first_line = 0, end_line = 0;
};

struct SchedExtDump {
  bool has_trigger = false;  // its first line is there, by which the next ones are known
  std::string trigger_comm;  // the task in whose context the exit was triggered
  int trigger_pid = 0, trigger_cpu = -1;
  int exit_kind = 0;    // enum scx_exit_kind
  std::string reason;   // "runnable task stall (cg_0/1[106] failed to run for 3.039s)"
  bool is_cut = false;  // "~~~~ TRUNCATED ~~~~"
  std::vector<DumpCpu> cpus;
  std::size_t first_line = 0, end_line = 0;
};

// A value that cannot be.
struct DumpFault {
  std::size_t line = 0;
  std::string what;
};

// The dump that begins at line `first`; `faults`, where it is not null, has what is wrong with it, in its order.
SchedExtDump read_dump(const std::vector<std::string>& output, std::size_t first, std::vector<DumpFault>* faults);

// The last dump in a scheduler's output; none where there is no dump.
std::optional<SchedExtDump> parse_dump(const std::vector<std::string>& output);

// The task of "cg_0/1[106] failed to run for 3.039s"; pid 0 where the message names none.
DumpTask stalled_task(const std::string& message);

// The task that the kernel names when it ends a scheduler for where it has put it ("SCX_DSQ_LOCAL[_ON] target CPU 0 not
// allowed for cg_0/1[106]", "... cannot move migration disabled cg_0/1[106] from CPU 0 to 1"); likewise.
DumpTask misplaced_task(const std::string& message);

// How explain_stall() begins.
inline constexpr const char* kStallExplained = "it waited ";

// Where the stalled task waited and what its CPUs did, as a clause: "it waited in the local DSQ of CPU 2; CPU 2 was
// held by the real-time task hog[123]". "" where the dump does not have the task.
std::string explain_stall(const SchedExtDump& dump, const DumpTask& stalled);

// `output` with its dumps cut to what explains: who triggered it, why, and the block of the CPU that `stalled` waited
// for (of every CPU with runnable tasks, where it is in none). A line says how much was left out.
std::vector<std::string> with_short_dumps(const std::vector<std::string>& output, const DumpTask& stalled);

}  // namespace ktstr
