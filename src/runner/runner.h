// SPDX-License-Identifier: Apache-2.0
//
// One run from request to record, in a guest or on this machine (place/place.h): prepares what it needs, follows the
// body to its end, classifies how it ended, and writes the run's directory.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "ktstr/expected_failure.h"
#include "ktstr/payload.h"
#include "ktstr/run_settings.h"
#include "model/machine_setup.h"
#include "results/run_record.h"
#include "scheduler/named_definition.h"
#include "wire/job.h"

namespace ktstr {

struct GuestPause;

// The files that go into a guest, packed: the same for every seed of a request, and all that a replay needs of them.
struct PackedInputs {
  ByteVector initramfs;        // newc archive: the agent and its libraries
  ByteVector scheduler_files;  // newc archive: the scheduler and its libraries; empty: none
  ByteVector files;            // newc archive: test program, payloads, libraries, included files
  std::string initramfs_sha256, scheduler_files_sha256, files_sha256;
  std::map<std::string, std::string> inputs;               // as in RunTuple, of both
  std::vector<std::string> scheduler;                      // argv in the guest; empty: none
  std::map<std::string, std::vector<std::string>> staged;  // argv in the guest, as in Job
  std::vector<std::string> body;                           // argv in the guest; empty: the agent runs the scenario
  std::vector<std::string> payload_path;                   // directories in the guest with the payloads' programs
  std::string job_json;  // a replay's: the job, byte for byte as it was sent; else empty
};

// One that ops attach.
struct StagedScheduler {
  std::string command;                        // "PATH ARGS"
  int copies = 0;                             // that are loaded before the test and stand ready
  std::optional<NamedDefinition> definition;  // that it is named by
};

// What is to be run. Either `scenario_text` (a scenario file) or `test_binary` (a program that links ktstr::main).
struct RunRequest {
  RunSettings settings;
  std::string scenario_text;
  std::filesystem::path test_binary;
  bool on_host = false;  // on this machine, in no guest
  std::vector<std::string> include_files;
  std::vector<std::string> scheduler_include;  // as include_files, for the scheduler; both are there before it starts
  std::vector<GuestFile> scheduler_files;      // likewise, under paths of their own
  std::vector<std::string> kernel_arguments;   // added to the kernel's command line
  MachineSetup setup;                          // in the guest, before the scheduler starts
  std::vector<Payload> payloads;               // brought into the guest: those that ops may run
  std::vector<std::string> kernel_modules;     // that the scenario's work types need; a test gets all that there are
  std::string scheduler;                       // "PATH ARGS"; empty: the kernel's own
  bool attach_by_op = false;                   // that scheduler is not attached before the body
  // That ops attach, by the name that the op gives; "" may be one, which is `scheduler` then.
  std::map<std::string, StagedScheduler> staged;
  std::optional<NamedDefinition> definition;  // that the scheduler is named by
  std::string declared;                       // what its definition gave, as RunRecord has it
  std::string kernel;                         // as --kernel takes it; empty: the default
  std::string mode = "det";
  ExpectedFailure expect_failure;
  std::string repeat_command;     // printed with failures
  double host_limit_scale = 1.0;  // of the backstops in host time
  bool recorder = true;           // det: look at what the guest's kernel does; the same run without
  bool trace = false;             // kvm, tcg: have the guest's kernel trace itself, which disturbs it
  std::string probes;             // functions that are to be seen, as parse_user_probes() takes them; "": none
  bool watch_memory = false;      // det: record what memory the BPF scheduler's code touches; the same run
  std::string watch_kernel;  // ... and that of these functions of the kernel, as kernel_code() takes them; "": none
  std::string schedule;      // det: which CPU is held where, as parse_schedule() takes it; "": none
  bool auto_repro = false;   // replay a failure at once, with probes of what the scheduler does
  bool cold = false;         // boot for this run alone; the same run, only slower
  std::shared_ptr<const PackedInputs> packed;  // from pack_inputs() or a stored run; null: packed when it runs
  std::shared_ptr<const GuestPause> pause;     // where the run is to be stopped for good; null: nowhere
  std::string replay_of;                       // id of the run that this one replays

  bool starts_with_scheduler() const { return !scheduler.empty() && !attach_by_op; }
  // At any time.
  bool has_scheduler() const { return !scheduler.empty() || !staged.empty(); }
};

// What of the tuple is known before anything was looked at.
RunTuple tuple_of(const RunSettings& settings);

// Limits of the phases, in guest time, for a scenario of this length.
PhaseLimits limits_for(std::chrono::nanoseconds duration);

struct RunnerEnvironment {
  std::filesystem::path state_dir;      // runs are kept below: $XDG_STATE_HOME/ktstr
  std::filesystem::path cache_dir;      // $XDG_CACHE_HOME/ktstr
  std::filesystem::path ram_dir;        // tmpfs for guest RAM: $KTSTR_RAM_DIR or /dev/shm
  std::filesystem::path ram_fallback;   // on disk, where ram_dir has no room; empty: none, as with $KTSTR_RAM_DIR
  std::filesystem::path agent;          // ktstr-agent
  std::filesystem::path turns_plugin;   // ktstr-turns.so
  std::filesystem::path object_loader;  // scx_load
  std::string why_no_turns;             // the user wants none ($KTSTR_TURNS=quantum); "" otherwise
  std::string qemu;                     // $KTSTR_QEMU or qemu-system-x86_64
  std::optional<std::string> kernel;    // $KTSTR_KERNEL
  Bytes warm_limit = Bytes{8} << 30;    // of all warm images: $KTSTR_WARM_LIMIT
  bool verbose = false;
  // From the process environment; the agent is looked for beside the program, then where it was installed or built.
  static RunnerEnvironment from_process();
};

// Packs what several runs of a request share.
Result<std::shared_ptr<const PackedInputs>> pack_inputs(const RunRequest& request,
                                                        const RunnerEnvironment& environment);

// Always gives a record: what could not be done is in its outcome and error. One on this machine
// waits until no other run of this process goes on, and all others wait for it.
RunRecord run(const RunRequest& request, const RunnerEnvironment& environment);

// Two runs of one request: in det mode their digests must be equal. A difference adds a kNotRepeatable detail with the
// first differing event to `later`, which then fails, and stores it again.
void compare_repeated(const RunRecord& first, RunRecord& later);

// Set by SIGINT/SIGTERM handlers (install_interrupt_handler); runs end as kInterrupted.
void install_interrupt_handler();
bool interrupted();

}  // namespace ktstr
