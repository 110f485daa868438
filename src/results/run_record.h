// SPDX-License-Identifier: Apache-2.0
//
// What one run was and what it found: everything that a report shows and that a replay needs. Stored as JSON
// (run_record_json.h), one file a run.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/enum_names.h"
#include "base/error.h"
#include "ktstr/checks.h"
#include "ktstr/payload.h"
#include "ktstr/topology.h"
#include "ktstr/work.h"
#include "model/events.h"
#include "model/live_worker.h"

namespace ktstr {

constexpr int kRunRecordVersion = 3;

// RunRecord::trace_source
constexpr std::string_view kOfPlugin = "plugin", kTracefs = "tracefs";

// How a run ended. The first four are the verdict's; kInfrastructure: the harness, QEMU, memory or the boot was at
// fault; kBadInput: the user's; kInterrupted: Ctrl-C.
enum class Outcome { kPass, kFail, kInconclusive, kSkip, kInfrastructure, kBadInput, kInterrupted };
EnumNames<Outcome> names_of(Outcome);  // "pass", "fail", ..., "infrastructure", "bad_input", "interrupted"
int exit_code(Outcome outcome);        // 0, 1, 2, 0, 3, 64, 130
// Of two exit statuses the graver: 130 > 64 > 3 > 1 > 2 > 0. A fail among runs of which some could not be made is
// "could not find out", so that nobody takes a half-made matrix for a verdict on the scheduler. One that is not ours (a
// crash of something) is as grave as 3.
int worse_exit(int a, int b);
// Of two runs: the one with the graver exit status; a skip counts only where there is nothing else.
Outcome worse_outcome(Outcome a, Outcome b);
Outcome outcome_of(Verdict verdict);

// Decides a det run completely, on any machine.
struct RunTuple {
  std::string test;
  std::uint64_t seed = 0;
  std::string vary = "all";  // what the seed varied: VarySet's text
  std::string work_type;     // of swappable cgroups, in place of theirs: "Bursty(burst=50ms, sleep=100ms)"; "": theirs
  std::string kernel_sha256;
  Topology topology;
  int icount_shift = 0;
  std::uint32_t turn_instructions = 0;  // of a vCPU's turn, before the seed varies it; 0: no plugin ends turns
  std::string cpu_speeds;               // of CPUs that are slower than the others: "4-7=40%"; "" for none
  std::string schedule;  // which CPU was held where in the scheduler's code, as parse_schedule() has it; "": none
  std::string policy;    // by which turns were not even: "pct"; of a mix the one that the seed chose; "": they were
  std::uint64_t quantum_ns = 0;  // without one
  std::uint64_t memory_bytes = 0;
  std::string qemu_version;
  std::map<std::string, std::string>
      inputs;  // path or role -> sha256: agent, scheduler, libraries, scenario, test binary
};

struct PhaseTiming {
  std::string phase;
  std::uint64_t guest_ns = 0;  // when it began, guest clock
  double host_seconds = 0;     // when it began, since QEMU was started
};

// A scheduler under test.
struct SchedulerSeen {
  std::string command;         // as given; "": not known
  std::string ops;             // name the kernel gave, "ktstr"
  std::string state_at_start;  // "enabled"; "" where it is not known
  std::string state_at_end;
  std::string exit;          // how its process ended, "" while it ran to the end
  std::string exit_reason;   // of the last: the kernel's own words: "runtime error", "runnable task stall"
  std::string exit_message;  // text of the BPF scheduler: scx_bpf_error's
  bool ended_by_op = false;  // the scenario asked for its end
  // Guest time since the body's start: enabled from, and asked to end or ended at; 0: before it, or not before its end.
  std::uint64_t from_ns = 0, to_ns = 0;
  std::uint64_t without_ns = 0;  // before from_ns, since the one before it was asked to end or ended; 0: the first
  std::vector<std::string> log;  // the last that it printed, where there were several; else scheduler_log has it
};

// Where a vCPU of a guest that gave no sign of life stood.
struct VcpuSeen {
  int cpu = 0;
  std::uint64_t pc = 0;
  std::string symbol;  // "native_halt+0xe", "" where it is in no symbol of the kernel
  std::string state;   // "halted", "user", "kernel, interrupts off", "kernel, interrupts on"
};

// What the recorder saw of a finding: whom it is about, and when. The rest is in the trace (`ktstr why`).
struct TracedFinding {
  // Of the finding, by which it is found.
  DetailKind kind = DetailKind::kNote;
  std::string cgroup;
  int worker = -1;
  int step = 0;
  std::string headline;                  // its message without what the trace explains
  int pid = 0;                           // the task that suffered; 0: none is known
  int cpu = -1;                          // the CPU that it is about; -1: none
  std::uint64_t from_ns = 0, to_ns = 0;  // guest CLOCK_MONOTONIC
  std::string cause;  // whose doing it was: "the BPF scheduler", "a quota"; "" where that is not known
  std::string words;  // what the trace says, where the message does not have it
  bool is_of(const Detail& detail) const;
};

// What a failing run's replay with probes saw (RunRequest::auto_repro): the last calls of the scheduler's callbacks, of
// the tasks that matter and where it ended.
struct Repro {
  struct Call {
    std::uint64_t at_ns = 0;  // guest CLOCK_MONOTONIC
    int cpu = 0;
    int depth = 0;                         // calls that it is within
    std::string words;                     // "simple_enqueue(p load/3[108], enq_flags WAKEUP)"
    std::optional<std::uint64_t> took_ns;  // of a call that ended
    bool is_open = false;                  // a call that had not ended
  };
  struct Part {
    std::string what;         // "load/3[108], which the kernel names"
    int pid = 0;              // 0: of a CPU
    std::uint64_t calls = 0;  // in all; the last of them are in `lines`
    std::vector<Call> lines;  // oldest first
  };
  std::string run;                 // id of the replay; "": none was made
  std::string why_not;             // why it tells nothing, or not of this failure
  std::string digest;              // equal to that of the run that it replays: it did the same
  std::uint64_t det_runs = 0;      // of another mode: how often it was run in det mode until one failed the same way
  std::vector<std::string> stack;  // functions of the stack that the kernel printed, innermost first
  std::vector<Part> parts;
};

struct RunRecord {
  int version = kRunRecordVersion;
  std::string id;  // unique; names the run's directory
  std::string test;
  Outcome outcome = Outcome::kPass;
  std::string error;  // infrastructure or bad input: what and why
  std::string error_hint;
  RunTuple tuple;
  std::string mode;    // "det", "kvm", "tcg"
  std::string kernel;  // release, "7.3.4+deb13-cloud-amd64"
  std::string kernel_path;
  std::string warm_image;     // digest of the image that it continued; "" for a boot of its own
  std::uint64_t turn_ns = 0;  // how long a vCPU's turn lasts
  double cpu_mips = 0;        // det: million instructions a guest second of one CPU while all are busy
  std::string why_quantum;    // det with several CPUs: why no plugin ends turns; "" where one does
  std::vector<std::uint64_t>
      vcpu_instructions;      // that each vCPU executed from the body's start on; none without a plugin
  bool idle_guarded = false;  // det: the host's load cannot get into the clock of an idle guest
  std::uint64_t idle_jumps = 0, idle_refused = 0;  // of that clock: made, and refused because they came too early
  std::vector<SchedulerSeen> schedulers;           // one after another; none: the kernel's own
  // The definition that named the first of them, where it stands, and the checks that it sets; "": none did.
  std::string declared;
  std::vector<Detail> details;
  std::vector<CgroupStats> cgroups;
  std::vector<Checked> checked;
  std::vector<StepMark> marks;
  std::vector<Stimulus> stimuli;
  std::vector<PayloadReport> payloads;  // in the order in which they ended
  std::vector<ProcsCapture> captures;
  std::vector<WorkerReport> workers;
  std::vector<WorkerLastSeen> last_seen;  // workers whose report did not come, as their guest's memory had them
  std::uint64_t unseen_workers = 0;       // besides them, at the guest's end: too many for it to show
  std::uint64_t numa_pages_migrated = 0;  // that the kernel moved between NUMA nodes, machine-wide, while the body ran
  std::uint64_t trace_events = 0;         // what was seen of the guest's kernel (trace.bin)
  std::string trace_source;      // who saw it: "plugin", the recorder of det mode; "tracefs", the guest; "" nobody
  std::uint64_t trace_lost = 0;  // tracefs: events for which the guest had no room
  std::string why_no_trace;      // why nothing was seen, or no more from some point on; "" where all was
  std::string digest;            // sha256 over the guest's event stream; "" when nothing ran
  bool digest_complete = false;  // the guest said all that it had to say
  std::vector<std::string> perturbed;  // what kept the run from being repeatable, empty otherwise
  std::vector<TracedFinding> traced;   // det: of findings that have a place in the trace
  std::uint64_t body_start_ns = 0;     // guest CLOCK_MONOTONIC; 0: it did not begin
  std::uint64_t body_ns = 0;           // guest time from the body's start to its end
  double host_seconds = 0;             // the whole run
  std::vector<PhaseTiming> phases;
  std::string end_of_guest;                 // how the guest ended: "completed", "kernel panic", "hang", ...
  std::vector<VcpuSeen> vcpus;              // of a guest that hung; empty otherwise
  std::string new_taint;                    // flags of /proc/sys/kernel/tainted that the run set: "WO"; empty: none
  std::vector<std::string> scheduler_log;   // last lines
  std::vector<std::string> kernel_log;      // lines about sched_ext, stalls and panics
  std::vector<std::string> kernel_reports;  // the first lines of each report of the kernel about a fault of its own
  std::vector<std::string> body_log;
  std::vector<std::string> console_tail;
  std::string run_dir;         // see run_directory.h
  std::string started_at;      // host wall clock, RFC 3339
  std::string repeat_command;  // runs exactly this again
  std::string replay_command;  // the same with the inputs as they were; "" where they could not be kept
  std::string replay_of;       // id of the run that this one replayed, "" for an ordinary one
  std::optional<Repro> repro;  // where one was asked for, and there was a failure to replay

  // The last of `schedulers`, which is the one that is judged; nothing is known of it where there is none.
  const SchedulerSeen& scheduler() const;
  SchedulerSeen& scheduler();  // makes one where there is none
};

// Whether all of them have the same, complete digest; false for none.
bool digests_equal(const std::vector<RunRecord>& records);

}  // namespace ktstr
