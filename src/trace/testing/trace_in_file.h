// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <vector>

#include "trace/trace_file.h"

namespace ktstr {

// Stores the events, for what reads a file.
inline void store_trace(const fs::path& path, const std::vector<TraceEvent>& events,
                        const TraceHeader& header = {.kernel = "7.3.4", .cpus = 4, .source = "plugin"},
                        Bytes most = UINT64_MAX) {
  auto writer = TraceWriter::create(path, header, most);
  if (!writer) throw std::runtime_error(writer.error().message());
  for (const TraceEvent& event : events) writer->add(event);
  if (const Status finished = writer->finish(); !finished) throw std::runtime_error(finished.error().message());
}

}  // namespace ktstr
