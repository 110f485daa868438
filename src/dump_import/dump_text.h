// SPDX-License-Identifier: Apache-2.0
//
// A dump's workers as a scenario file.
#pragma once

#include <string>
#include <vector>

#include "dump_import/dump_workers.h"

namespace ktstr {

// `notes` stand at the file's top.
std::string dump_scenario_text(const DumpLog& log, const DumpWorkers& workers, const std::string& name,
                               const std::vector<std::string>& notes);

// The program of a scheduler, as far as its ops' name says it: of "lavd_1.0.9_g9fb1f9ad_x86_64" scx_lavd.
std::string program_of_ops(const std::string& ops);

// What must be ruled out before somebody takes it for what was there.
std::vector<std::string> what_no_dump_says();

}  // namespace ktstr
