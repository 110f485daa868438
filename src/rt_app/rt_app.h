// SPDX-License-Identifier: Apache-2.0
//
// Files of rt-app (its JSON grammar: doc/tutorial.txt of its source) as scenario files: each task is a group of workers
// that do a Sequence.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ktstr {

struct ImportedScenario {
  std::string toml;
  std::vector<std::string> notes;  // what is not quite the same, with its line: "line 12: loop 5: ..."
};

// `name` becomes the scenario's. kInvalidArgument naming the line and the key for what cannot be had: locks, barriers,
// conditions, memory and disk, phases with CPUs or policies of their own, forks.
Result<ImportedScenario> import_rt_app(std::string_view json, const std::string& name);

}  // namespace ktstr
