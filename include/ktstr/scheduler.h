// SPDX-License-Identifier: Apache-2.0
//
// Declaring a scheduler once, for all tests of a program:
//
//   KTSTR_SCHEDULER(mine, {.program = "target/release/scx_mine", .args = {"--slice-us", "3000"}});
//
//   KTSTR_TEST(two_cgroups, {.scheduler = "mine --verbose"}) { ... }
//
// Scenario files and ktstr.toml say the same in a table [schedulers.mine]. A scheduler whose first word is the name of
// a definition is that one, with further words after its own arguments.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ktstr/checks.h"

namespace ktstr {

// A configuration that goes into the guest with the scheduler, as a fixed file or as a text, which a test may replace
// by its own (TestAttributes::scheduler_config).
struct SchedulerConfig {
  std::string file = {};                 // of this machine; relative to where the definition stands
  std::optional<std::string> text = {};  // without `file`; unset: each test gives its own
  std::string path = {};                 // in the guest; "": below /ktstr/scheduler
  // Arguments that name it to the scheduler, before all others, with spaces between them: "--config={file}", with its
  // path for {file}. "": none, for a scheduler that looks at `path` by itself.
  std::string arg = {};
  friend bool operator==(const SchedulerConfig&, const SchedulerConfig&) = default;
};

// Machines that a scheduler can run on. What is unset does not matter.
struct SchedulerConstraints {
  std::optional<int> min_nodes = {}, max_nodes = {};  // NUMA nodes
  std::optional<int> min_llcs = {}, max_llcs = {};    // in all
  std::optional<int> min_cpus = {}, max_cpus = {};
  std::optional<bool> smt = {};  // true: cores with several threads; false: without
  friend bool operator==(const SchedulerConstraints&, const SchedulerConstraints&) = default;
};

struct SchedulerDefinition {
  bool is_kernels_own() const { return program.empty(); }

  std::string name = {};  // KTSTR_SCHEDULER() gives it
  // A path relative to the file that declares it, or a bare name, looked up beside that file, beside the test program
  // and in PATH. A BPF object (*.bpf.o) will do, which our loader attaches as it is. The environment variables
  // KTSTR_SCHEDULER_<NAME> and KTSTR_SCHEDULER name another one.
  std::string program = {};
  std::vector<std::string> args = {};
  // A command for sh, run in the directory of the declaring file when the program is missing or older than one of
  // `sources`: files, directories and globs, relative to the same directory.
  std::string build = {};
  std::vector<std::string> sources = {};
  std::vector<std::string> include = {};  // files and directories that it reads; relative likewise
  std::optional<SchedulerConfig> config = {};
  std::string topology = {};  // of tests that name none
  Checks checks = {};         // over the defaults, under those of a test, field by field
  SchedulerConstraints constraints = {};
  std::vector<std::string> kernel_args = {};  // added to the kernel's command line
  // Set in the guest before the scheduler starts: "kernel.sched_autogroup_enabled=0", and files of the kernel's below
  // /sys and /proc/sys, "/sys/kernel/debug/sched/features=NO_PLACE_LAG". A definition that has such and no `program` is
  // the kernel's own scheduler with these settings.
  std::vector<std::string> sysctls = {}, writes = {};
  std::string cgroup_parent = {};         // "/sched": made before it starts, with the controllers cpu and cpuset
  std::vector<std::string> kernels = {};  // beginnings of versions that it runs on: "6.12"; empty: any
  // Where it stands; KTSTR_SCHEDULER() gives both.
  std::string file = {};
  int line = 0;
};

// Those of this program, in order of registration.
std::vector<SchedulerDefinition>& registered_schedulers();

struct SchedulerRegistration {
  SchedulerRegistration(std::string name, const char* file, int line, SchedulerDefinition definition);
};

}  // namespace ktstr

#define KTSTR_SCHEDULER(scheduler_name, ...)                                    \
  static const ::ktstr::SchedulerRegistration ktstr_scheduler_##scheduler_name( \
      #scheduler_name, __FILE__, __LINE__, ::ktstr::SchedulerDefinition __VA_ARGS__)
