// SPDX-License-Identifier: Apache-2.0
//
// What decides a run, in one struct: the defaults, over them what the scenario file or the test says, over that the
// command line. It goes as a whole into the request, the job and Ctx. To add a setting: a member here, where the body
// needs it a line in fields(), and a row in src/scenario_file/run_setting.cpp, or, without a key, src/cli/settings.cpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/bytes.h"
#include "ktstr/checks.h"
#include "ktstr/cpu_speed.h"
#include "ktstr/topology.h"
#include "ktstr/turn_policy.h"
#include "ktstr/vary.h"

namespace ktstr {

struct RunSettings {
  std::string test;                       // its name, for reports
  std::vector<std::string> args;          // Ctx::args()
  std::vector<std::string> payload_path;  // directories of the machine where payloads without a '/' are looked up
  Topology topology;
  std::chrono::nanoseconds duration = std::chrono::seconds(1);  // of the scenario, in guest time
  std::uint64_t seed = 1;
  VarySet vary = VarySet::all();  // what the seed varies
  // det: instructions of a vCPU's turn, or how long it lasts at most where a timer in the guest ends it. In a request
  // what was asked for, and at most one of the two; in a job what is done, and neither in other modes.
  std::optional<std::uint32_t> turn;
  std::optional<std::chrono::nanoseconds> quantum;
  Checks checks;
  std::optional<int> workers_per_cgroup;  // of cgroups that do not say; unset: 1
  std::string work_type;  // in place of those of cgroups that are swappable, as describe() shows it; "": none

  // Of the machine alone; the body does not see them.
  Bytes memory = 0;  // 0: by rule
  std::optional<int> icount_shift;
  double cpu_mips = 0;                    // det: that a CPU has at least while all are busy; 0: by rule
  std::vector<CpuSpeed> cpu_speeds = {};  // det
  TurnPolicy policy = TurnPolicy::kEven;  // det: which CPU hands over to which, and when
};

// What a job says of them, in the order in which it is written.
template <typename V, typename T>
requires std::is_same_v<std::remove_const_t<T>, RunSettings>
void fields(V& v, T& t) {
  v("test", t.test);
  v("args", t.args);
  v.later("payload_path", t.payload_path);
  v("topology", t.topology);
  v("duration_ns", t.duration);
  v("seed", t.seed);
  v("vary", t.vary);
  v.or_zero("turn", t.turn);
  v.or_zero("quantum_ns", t.quantum);
  v("checks", t.checks);
  v("workers_per_cgroup", t.workers_per_cgroup);
  v.if_any("work_type", t.work_type);
}

}  // namespace ktstr
