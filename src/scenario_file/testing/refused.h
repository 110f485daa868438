// SPDX-License-Identifier: Apache-2.0
//
// For refused_test.cpp: inputs that are refused before anything is touched, each as it is written in C++ and, where the
// mistake can be written there, in a scenario file. A group of them for each part of a scenario, in a file of its own.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "ktstr/scenario.h"

namespace ktstr::refused {

struct Scenario {
  Backdrop backdrop;
  std::vector<Step> steps;
  std::chrono::nanoseconds duration = std::chrono::seconds(1);
};

struct Case {
  std::string what;
  // Throws where a builder refuses it. Empty: C++ has no way to say it.
  std::function<Scenario()> cpp;
  // Empty: scenario files have no way to say it.
  std::string toml;
};

// On what all of them run.
inline constexpr const char* kTopology = "2n2l2c1t";

// One step with the cgroup 'a', which `declare` goes on with; `lines` are those of its [[cgroup]], from line 4.
Case in_cgroup(std::string what, std::function<void(CgroupDef&)> declare, std::string lines);
// One step with `ops` over a Backdrop with the cgroups 'a' and 'b', a worker in each, and the payload 'p', which knows
// the flag --runtime; `lines` are those of the [[step.op]], from line 14.
Case in_op(std::string what, std::function<std::vector<Op>()> ops, std::string lines);
Case of_one_op(std::string what, Op made, std::string lines);
Payload program();  // 'p'

std::vector<Case> names();
std::vector<Case> holds();
std::vector<Case> cpusets();
std::vector<Case> limits();
std::vector<Case> workers();
std::vector<Case> policies();
std::vector<Case> cgroup_ops();
std::vector<Case> worker_ops();
std::vector<Case> payloads();
std::vector<Case> machine_ops();

}  // namespace ktstr::refused
