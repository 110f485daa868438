// SPDX-License-Identifier: Apache-2.0
//
// A scenario as a bash script, for a machine without ktstr: the same cgroups, limits, workers and ops at the same
// times, as far as a shell can do them. What it gives no verdict on are the scenario's checks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ktstr/run_settings.h"
#include "ktstr/topology.h"

namespace ktstr {

struct ScriptRequest {
  std::string text;       // of a scenario file, or ":NAME"
  std::string file_name;  // for messages
  RunSettings settings;
  TestTopology machine;      // whose CPUs the script names
  std::string machine_text;  // of it, for the script's head: "1n2l2c1t"
  std::string scheduler;     // "PROGRAM ARGS" that the script starts; empty: none
  std::string version;       // "ktstr 0.1.0"
};

struct ExportedScript {
  std::string text;
  std::vector<std::string> not_expressed;  // each also in the script's head
};

// kInvalidArgument: the scenario is wrong. kUnsupported: it does nothing on such a machine.
Result<ExportedScript> export_script(const ScriptRequest& request);

}  // namespace ktstr
