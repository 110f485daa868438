// SPDX-License-Identifier: Apache-2.0
//
// The process that runs a body in host mode, from inside: it reads its Job (wire/job.h) from stdin, runs, and writes
// the records of a guest's body into the pipe that it was given (wire/record_pipe.h).
#pragma once

#include "ktstr/test.h"

namespace ktstr {

// The hidden first argument by which such a process is started: "--ktstr-host-body=NAME", without a name for `ktstr`.
constexpr const char* kHostBodyArgument = "--ktstr-host-body=";
// The descriptor of the pipe for the records.
constexpr const char* kHostRecordsVariable = "KTSTR_HOST_RECORDS_FD";
// That of the live area (wire/live_file.h).
constexpr const char* kHostLiveVariable = "KTSTR_HOST_LIVE_FD";
// Where the journal goes (undo_journal.h).
constexpr const char* kHostJournalsVariable = "KTSTR_HOST_JOURNALS";

// Exit status 0 when a result was written; 70 (EX_SOFTWARE) when not even that was possible.
int host_body_main(TestBody body);
// The same for the job's scenario file, or its canned scenario.
int host_scenario_main();

}  // namespace ktstr
