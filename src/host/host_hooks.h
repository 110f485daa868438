// SPDX-License-Identifier: Apache-2.0
//
// The executor's hooks of host mode: the real ones, with changes of the machine written down before they are made, and
// workers that stall looked for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "host/undo_journal.h"
#include "scenario/executor_hooks.h"

namespace ktstr {

// The directories of $PATH: on the host payloads are where they are.
std::vector<std::string> program_directories();

// `journal` must outlive them. `live_workers` may be null.
Result<std::shared_ptr<const ExecutorHooks>> host_hooks(UndoJournal& journal,
                                                        std::shared_ptr<LiveWorkers> live_workers);

}  // namespace ktstr
