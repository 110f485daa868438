// SPDX-License-Identifier: Apache-2.0
//
// How many files a process may have open (RLIMIT_NOFILE).
#pragma once

namespace ktstr {

// Raises our own limit: each worker and each process of a payload takes a pidfd. As far as the hard limit without
// CAP_SYS_RESOURCE. Where it fails, what needs the files says so.
void allow_many_open_files();
// In a child, before execve(2): gives it the limit that we had. Async-signal-safe.
void restore_open_files();

}  // namespace ktstr
