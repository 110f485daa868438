// SPDX-License-Identifier: Apache-2.0
//
// Of several things that went wrong in a run, the one that explains the others.
#pragma once

#include <string>
#include <vector>

#include "results/run_record.h"

namespace ktstr {

// Details that decide the verdict, the cause first: a kernel that panicked or a scheduler that was thrown out explains
// workers that did not run, never the other way round. Then in the order in which they were found.
std::vector<const Detail*> findings(const RunRecord& record);

// What the kernel and the BPF scheduler said when it ended, where it ended by error: `runtime error: "invalid CPU 99"`.
// "" otherwise.
std::string scheduler_words(const SchedulerSeen& scheduler);

// The guest itself was in trouble, so that its console is worth reading.
bool guest_in_trouble(const RunRecord& record);

}  // namespace ktstr
