// SPDX-License-Identifier: Apache-2.0
//
// What cannot go together with host mode: everything that chooses or shapes a guest. Refused rather than passed over,
// so that nobody takes a run on this machine's scheduler for one on the scheduler that they named.
#pragma once

#include "base/result.h"
#include "cli/run_options.h"
#include "ktstr/test.h"

namespace ktstr::cli {

// For --host. kInvalidArgument that names the flags, the reason and the way out.
Status check_host_options(const RunOptions& options);

// For a test with TestAttributes::host_only, which may run beside tests in guests: flags that only shape the guests are
// theirs and are passed over.
Status check_host_only_test(const TestAttributes& test, const RunOptions& options);

}  // namespace ktstr::cli
