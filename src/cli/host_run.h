// SPDX-License-Identifier: Apache-2.0
//
// One run on this machine, from request to record: starts a process for the body (host/host_body.h), follows it to its
// end, cleans up after it, and writes the run's directory like any other run's.
#pragma once

#include "runner/runner.h"

namespace ktstr::cli {

// For a request with RunRequest::on_host. Always gives a record. Runs of one process wait for each other: they would
// measure one another.
RunRecord run_here(const RunRequest& request, const RunnerEnvironment& environment);

}  // namespace ktstr::cli
