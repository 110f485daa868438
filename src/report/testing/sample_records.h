// SPDX-License-Identifier: Apache-2.0
//
// Records of runs as they really come, for the reports' tests.
#pragma once

#include "results/run_record.h"

namespace ktstr {

RunRecord passing_record();
RunRecord stalled_record();         // the sched_ext watchdog threw the scheduler out, so workers did not run
RunRecord unfair_record();          // the scheduler lived, and was unfair in the second of two steps
RunRecord panicked_record();        // the guest's kernel died
RunRecord lost_record();            // infrastructure: the guest never answered
RunRecord payload_record();         // two programs beside the workers, one with metrics
RunRecord failed_payload_record();  // the same, but the disk was full
RunRecord bad_input_record();
RunRecord inconclusive_record();
RunRecord skipped_record();

}  // namespace ktstr
