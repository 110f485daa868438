// SPDX-License-Identifier: Apache-2.0
//
// What this machine has of what runs need. Each need is looked at as a run would look at it.
#pragma once

#include <string>
#include <vector>

#include "runner/runner.h"

namespace ktstr::cli {

struct Need {
  std::string name;  // stable, for scripts: "qemu"
  bool optional = false;
  bool met = false;
  std::string found;   // what was found, or why it does not do
  std::string remedy;  // one line; only said where the need is not met
};

std::vector<Need> examine_machine(const RunnerEnvironment& environment);

// 0 when everything that is not optional is there, else 3.
int doctor_exit(const std::vector<Need>& needs);
std::string needs_as_text(const std::vector<Need>& needs);
std::string needs_as_json(const std::vector<Need>& needs);

}  // namespace ktstr::cli
