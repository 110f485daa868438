// SPDX-License-Identifier: Apache-2.0
//
// A scheduler's program that ended before a scheduler was enabled may have lacked something in the guest: a library, a
// program that a script calls, a file, the kernel's configuration. That is a mistake of the run and says nothing about
// the scheduler.
#pragma once

#include <optional>

#include "base/error.h"
#include "results/run_record.h"
#include "runner/collector.h"

namespace ktstr {

// What was missing, with the way out, from what the program printed and how it ended; nothing where that does not show
// it. kInvalidArgument.
std::optional<Error> missing_in_guest(const GuestStory& story, const RunRecord& record);

}  // namespace ktstr
