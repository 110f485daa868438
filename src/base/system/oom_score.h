// SPDX-License-Identifier: Apache-2.0
//
// Whom the kernel's OOM killer may end (proc_pid_oom_score_adj(5)). Children inherit it.
#pragma once

#include "base/result.h"

namespace ktstr {

constexpr int kNeverKilled = -1000, kSeldomKilled = -500, kKillable = 0;

Status set_oom_score_adj(int adjustment);
// Of a process that was protected: as any other from now on. Async-signal-safe; false with errno set.
bool become_killable();

}  // namespace ktstr
