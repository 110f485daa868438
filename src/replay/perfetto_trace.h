// SPDX-License-Identifier: Apache-2.0
//
// Perfetto's own traces (protobuf): sched_switch, sched_waking and sched_wakeup of its ftrace data source, one by one
// or as compact_sched has them. All else is passed over.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "replay/recording.h"

namespace ktstr {

// A trace whose end is damaged or missing is read up to there, with a note.
Result<Recording> read_perfetto(ByteSpan bytes);

}  // namespace ktstr
