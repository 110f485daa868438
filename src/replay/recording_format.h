// SPDX-License-Identifier: Apache-2.0
//
// What a file with a load of the user's is.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/enum_names.h"
#include "base/result.h"

namespace ktstr {

enum class RecordingFormat : std::uint8_t {
  kRtApp,     // rt-app's JSON
  kText,      // sched_switch and sched_waking as lines: perf, trace-cmd, ftrace, systrace
  kPerfetto,  // Perfetto's protobuf
  kOwn,       // ktstr's trace.bin
  kDump,      // sched_ext's dump of its state, in a log
};
EnumNames<RecordingFormat> names_of(RecordingFormat);  // "rt-app", "text", "perfetto", "ktstr", "dump"

// By how the file begins; a log is kText, wherever in it a dump may be. kInvalidArgument, with what to do, for formats
// that a tool has to print first.
Result<RecordingFormat> recording_format(ByteSpan begin);

}  // namespace ktstr
