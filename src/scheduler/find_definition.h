// SPDX-License-Identifier: Apache-2.0
//
// The program of a scheduler's definition: where it is on this machine, and the command that starts it.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ktstr/scheduler.h"

namespace ktstr {

// The value of an environment variable; null where it is not set.
using Environment = std::function<const char*(const char* name)>;

// Of every scheduler with a definition.
inline constexpr const char* kSchedulerVariable = "KTSTR_SCHEDULER";

struct DefinedProgram {
  std::filesystem::path path;  // absolute; what is there was not looked at
  std::string variable;        // "NAME=value" of the environment that names it; "": none does
};

// Where the program is to be: by KTSTR_SCHEDULER_<NAME>, by KTSTR_SCHEDULER, as the definition says. A bare name is
// looked up where the definition stands, in `beside`, and in PATH; none where it is nowhere.
std::optional<DefinedProgram> place_of_program(const SchedulerDefinition& definition,
                                               const std::filesystem::path& beside, const Environment& environment);

// As find_scheduler() checks it, or a BPF object. An error is kInvalidArgument and says all that was looked for, and
// where.
Result<DefinedProgram> find_program_of(const SchedulerDefinition& definition, const std::filesystem::path& beside,
                                       const Environment& environment);

// Whether there is a BPF object file at this path.
bool is_bpf_object(const std::filesystem::path& path);

// The directory of the file that declares it: where its relative paths begin.
std::filesystem::path directory_of(const SchedulerDefinition& definition);

// The words that start `program`: it, what names its configuration, its arguments, and `more`.
std::vector<std::string> command_of(const SchedulerDefinition& definition, const std::filesystem::path& program,
                                    const std::vector<std::string>& more);

}  // namespace ktstr
