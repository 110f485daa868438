// SPDX-License-Identifier: Apache-2.0
//
// Scenarios as data: a TOML file says what a KTSTR_TEST says in C++, and needs no compiler.
//
//   name = "two_cgroups"          # default: the file's name without its ending
//   topology = "1n2l2c1t"
//   scheduler = "scx_simple -v"   # PATH ARGS, or NAME ARGS of a definition; default: the kernel's own
//   scheduler_include = ["/etc/scx.json"]  # files that it reads
//   scheduler_config = "x = 1"    # in place of the configuration of its definition
//   duration = "2s"               # of guest time; default 1s
//   expect = "scheduler_stalled"  # the failure that must come: expect_table.h
//   auto_repro = true             # replay a failure at once, with probes of the scheduler's callbacks
//   seed = 7
//   memory = "512M"
//
//   [checks]
//   max_gap = "2s"                # or false
//   max_spread_pct = 35           # or false
//   progress = true
//   isolation = true
//   scheduler_attached = true
//   kernel_log = true             # no oops, warning, stall or new taint of the kernel
//   kernel_log_allow = ["foo.c"]  # reports of the kernel with one of these texts in them are notes
//
//   workers_per_cgroup = 2        # of cgroups that do not say; default 1
//
//   work_type_override = "Bursty" # in place of the work type of cgroups with swappable = true
//
//   cpu_mips = 20                 # what a CPU executes while all are busy, at least: million instructions a guest
//   second [cpus] speed = { "4-7" = "40%" }     # of the other CPUs' (det mode)
//
//   policy = "pct"                # which CPU hands over to which, and when (det mode); default "even"
//
//   [schedulers.mine]             # definitions of schedulers: scheduler_table.h
//   program = "build/scx_mine"
//
//   [[payload]]                   # programs to run beside workers: payload_table.h
//   name = "disk"
//
//   [backdrop]                    # what lives through all steps; also [[backdrop.cgroup]] and [[backdrop.op]]
//   payloads = ["disk"]
//
//   [[cgroup]]                    # one step for the whole duration: cgroup_table.h
//   name = "cg_0"
//
//   [[step]]                      # or several, with [[step.cgroup]] and [[step.op]] (op_reader.h)
//   name = "warm up"
//   hold = "300ms"                # or "full", the default, a fraction of the duration like 0.5, { loop = "50ms" }
//
// A file is read in two passes. The first takes it apart key by key and collects what is wrong with each. The second
// makes a plan of the whole (plan.h) on the topology, as the executor will: what only shows between the parts (an op on
// a cgroup that nobody creates) is found before anything boots, and at its line.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "ktstr/expected_failure.h"
#include "ktstr/run_settings.h"
#include "ktstr/scenario.h"
#include "ktstr/scheduler.h"
#include "scenario/plan/plan.h"
#include "scenario_file/toml_tree.h"

namespace ktstr {

struct ScenarioFile {
  std::string file_name;
  RunSettings settings;         // what it says of them, and the defaults
  bool names_topology = false;  // settings.topology says nothing otherwise
  std::string scheduler;        // as TestAttributes has it; empty: the kernel's own
  // What its ops attach, as they name it ("": `scheduler`), and how many of each may stand ready.
  std::map<std::string, int> staged_schedulers;
  bool attach_by_op = false;                    // `scheduler` is not attached before an op does it
  std::vector<std::string> scheduler_include;   // host paths, in the guest before the scheduler starts
  std::optional<std::string> scheduler_config;  // as TestAttributes has it
  SourcePosition scheduler_at, scheduler_config_at;
  std::vector<SchedulerDefinition> schedulers;  // that it declares
  ExpectedFailure expect_failure;               // what must come
  bool auto_repro = false;                      // replay a failure with probes
  std::vector<Payload> payloads;                // all that are declared: what the guest needs of programs
  Backdrop backdrop;
  std::vector<Step> steps;
  // Where each part of the scenario stands; {k, kScenario} is step k as a whole.
  std::map<Place, SourcePosition> places;
};

// `file_name` is for messages and the default name; nothing is opened. One kInvalidArgument Error holds all mistakes,
// one "file:line:column: what; accepted: ..." a line, in the order of the file. Any bytes are allowed as `text`.
Result<ScenarioFile> parse_scenario(std::string_view text, std::string_view file_name);

// In place of a file's text: the name of a canned scenario after this.
inline constexpr char kCannedPrefix = ':';

// Parses and executes: what a body does that is given a scenario file. ":NAME" is the canned scenario of that name.
Result<AssertResult> execute_scenario_text(Ctx& ctx, std::string_view text, std::string_view file_name);

// Whether the scenario can run with `settings`, whose topology, duration and work type may be others than the file's
// own (against which parse_scenario() did the same), and in this much guest memory (0: that is not asked); mistakes as
// above.
Status check_against(const ScenarioFile& file, const RunSettings& settings, Bytes memory = 0);

// Modules of the guest's kernel that its work types need with these settings, which were checked.
std::vector<std::string> modules_for(const ScenarioFile& file, const RunSettings& settings);

}  // namespace ktstr
