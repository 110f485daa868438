// SPDX-License-Identifier: Apache-2.0
//
// What is to be run, put together from a scenario file or a declared test and the command line. Flags win.
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "cli/run_options.h"
#include "ktstr/test.h"
#include "runner/runner.h"

namespace ktstr::cli {

// `ktstr run ":work:Bursty(burst=1ms)"`: a second of one work type alone, as `ktstr work try` runs it.
inline constexpr std::string_view kWorkPrefix = ":work:";

// Reads and checks the file, also against a topology of the command line. kInvalidArgument with all mistakes of the
// file; kNotFound when there is none.
Result<RunRequest> request_for_file(const std::filesystem::path& file, const RunOptions& options);

// `program` is the test program that holds `test` and declares `schedulers`.
Result<RunRequest> request_for_test(const TestEntry& test, const std::filesystem::path& program,
                                    const RunOptions& options, const std::vector<SchedulerDefinition>& schedulers = {});

// Replaces what depends on this machine and moment by what it comes to, so that the request can be made again: the
// scheduler's and the included files' absolute paths, the kernel's key (or path, when it is not in the cache), the
// mode. A scheduler's bare name is looked up in `beside` first, if it is not that of a definition.
Status resolve(RunRequest& request, const RunnerEnvironment& environment, const std::filesystem::path& beside);

}  // namespace ktstr::cli
