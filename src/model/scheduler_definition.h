// SPDX-License-Identifier: Apache-2.0
//
// What a scheduler's definition may say, whoever says it: a scenario file, ktstr.toml or KTSTR_SCHEDULER().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ktstr/scheduler.h"

namespace ktstr {

// In the guest, where what has no path of its own goes.
inline constexpr std::string_view kSchedulerDirectory = "/ktstr/scheduler/";

struct DefinitionMistake {
  std::string_view key;  // of the definition's table; "": it is its name
  std::string message;   // what is wrong, and what would do
};

// What is wrong with a definition by itself. Files are not looked at.
std::vector<DefinitionMistake> mistakes_of(const SchedulerDefinition& definition);

// "FILE:LINE: scheduler 'NAME'".
std::string place_of(const SchedulerDefinition& definition);

// The environment variable that names the program of this definition: "KTSTR_SCHEDULER_MY_SCHED" for my-sched.
std::string variable_of(std::string_view name);

// kInvalidArgument that says which one a machine is outside of.
Status check_constraints(const SchedulerDefinition& definition, const Topology& topology);
// "at least 2 LLCs, at most 64 CPUs"; "" for none.
std::string describe(const SchedulerConstraints& constraints);

// Whether a release begins with one of the versions: "6.1" is a beginning of 6.1.99 and not of 6.12.
bool supports_kernel(const SchedulerDefinition& definition, std::string_view release);

// Where the configuration is in the guest.
std::string config_path(const SchedulerDefinition& definition);

}  // namespace ktstr
