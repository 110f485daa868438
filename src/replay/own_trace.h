// SPDX-License-Identifier: Apache-2.0
//
// The traces of ktstr itself (trace.bin): what the recorder saw of a guest, or what the guest's kernel traced.
#pragma once

#include "base/result.h"
#include "replay/recording.h"
#include "trace/trace_file.h"

namespace ktstr {

// Recording::worth are the tasks of the scenario's cgroups, where the trace has such.
Result<Recording> read_own_trace(TraceReader& reader);

}  // namespace ktstr
