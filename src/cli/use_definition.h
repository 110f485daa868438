// SPDX-License-Identifier: Apache-2.0
//
// A run whose scheduler is named by a definition: from "mine -v" to what the run needs. First the settings that the
// definition gives (before anything is looked at), then, when the run is resolved, its program and its files.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ktstr/scheduler.h"
#include "runner/runner.h"

namespace ktstr::cli {

// Where definitions are looked for, one after another: those that a scenario file or a test program declares, those of
// $KTSTR_DEFINITIONS, else of a ktstr.toml in or above `directory`, else of one in or above the current directory.
struct DefinitionPlaces {
  std::vector<SchedulerDefinition> declared;
  std::filesystem::path directory;  // of the scenario file; empty: there is none
};

struct KnownDefinitions {
  std::vector<SchedulerDefinition> list;  // of two with one name the first counts
  // "KTSTR_DEFINITIONS=/abs/ktstr.toml", without which the file's would not be found from anywhere; "": they would.
  std::string variable;
  std::size_t declared = 0;  // the first ones: of the scenario file or the program

  const SchedulerDefinition* find(const std::string& name) const;
};

Result<KnownDefinitions> known_definitions(const DefinitionPlaces& places);

struct WhoAsks {
  std::string where;                  // names the scheduler: "two.toml:3:1", "t.cpp:12: test x"
  std::string config_where;           // ... its configuration
  std::optional<std::string> config;  // TestAttributes::scheduler_config
  bool names_topology = false;        // itself, or by --topology
  bool scheduler_by_flag = false;
};

// Where the first word of the request's scheduler is the name of a definition: the request's `definition`, and its
// topology and checks as far as they are not given. The topology is compared with the constraints.
Status use_definition(RunRequest& request, const DefinitionPlaces& places, const WhoAsks& asks);

// The same of what ops attach, for its program, arguments and files: topology and checks are those of the run's
// scheduler.
Status use_definitions_of_ops(RunRequest& request, const DefinitionPlaces& places, const std::string& where);

// The request's scheduler as the command that starts it, and the files that it needs; its program is built if it must
// be. `beside`: as resolve() has it.
Status resolve_definition(RunRequest& request, const RunnerEnvironment& environment,
                          const std::filesystem::path& beside);
// The same of a definition that an op names.
Result<std::string> command_of_definition(RunRequest& request, NamedDefinition& used,
                                          const RunnerEnvironment& environment, const std::filesystem::path& beside);

}  // namespace ktstr::cli
