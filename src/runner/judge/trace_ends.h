// SPDX-License-Identifier: Apache-2.0
//
// What the trace says where a run came to a bad end: of the task that a scheduler did not run until the kernel ended
// it, and of a guest that hung, stalled, panicked or did not come to its end, how its CPUs stood when the trace ended.
// From what the trace has; nothing is judged.
#pragma once

#include "base/file.h"
#include "results/run_record.h"
#include "runner/collector.h"

namespace ktstr {

// Adds to `record.traced`. A trace that cannot be read, or that does not show it, adds nothing.
void trace_ends(const fs::path& trace, const GuestStory& story, RunRecord& record);

// The entry of a finding, without what the trace says of it.
TracedFinding traced_of(const Detail& detail, int pid, std::uint64_t from_ns, std::uint64_t to_ns);

}  // namespace ktstr
