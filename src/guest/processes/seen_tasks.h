// SPDX-License-Identifier: Apache-2.0
//
// Which tasks and cgroups there are when the kernel begins to trace: what events that name them do not say.
#pragma once

#include "base/file.h"
#include "guest/mailbox_mapping.h"

namespace ktstr::guest {

// Of those below `root`, a cgroup2 file system, those above first.
void send_cgroups(const fs::path& root, RecordLog& log);
// Of all threads in `proc`. What cannot be read is left out: it is about to end.
void send_tasks(const fs::path& proc, const fs::path& cgroups, RecordLog& log);

}  // namespace ktstr::guest
