// SPDX-License-Identifier: Apache-2.0
//
// What our programs exit with. One run: 0 pass or skip, 1 fail, 2 inconclusive, 3 the harness could not find out, 64
// the user asked for something that cannot work (EX_USAGE of sysexits.h), 130 interrupted, 141 nobody reads
// stdout any more. Several runs: the worst of them (worse_exit() in results/run_record.h).
#pragma once

#include <functional>

#include "base/error.h"

namespace ktstr::cli {

constexpr int kExitOk = 0;
constexpr int kExitInfrastructure = 3;
constexpr int kExitUsage = 64;

// For an error before anything ran. Something that the user named and that is not there is the user's; the machine's
// lacks are not.
int exit_code_for(const Error& error);

// All that one of our programs does inside its main(): exceptions of the library (no memory, no thread) become an
// error with exit status 3, a reader of stdout that has gone becomes 141.
int guarded(const std::function<int()>& program);

// "ktstr: error: ..." and the hint on stderr; returns exit_code_for(error).
int report_error(const Error& error);

}  // namespace ktstr::cli
