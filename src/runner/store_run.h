// SPDX-License-Identifier: Apache-2.0
//
// What a finished run leaves in its directory beside what came from the guest: result.json, report.txt, and report.html
// of one that did not pass.
#pragma once

#include "results/run_record.h"

namespace ktstr {

// Into record.run_dir; nothing where it has none. What cannot be written is warned about.
void store_run(const RunRecord& record);

// Of a run that nobody will look at: its directory goes. What cannot be removed is warned about.
void remove_run(const RunRecord& record);

}  // namespace ktstr
