// SPDX-License-Identifier: Apache-2.0
//
// What stands for a work type in a shell.
#pragma once

#include <string>

#include "ktstr/work.h"

namespace ktstr {

struct ScriptWork {
  std::string command;    // "work_spin", "work_phases spin:50000 sleep:100000"
  int workers_each = 1;   // of the scenario, for which the command stands once
  std::string otherwise;  // how it differs from the work type; empty: as a shell can
};
ScriptWork script_work(const WorkType& type);

}  // namespace ktstr
