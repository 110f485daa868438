// SPDX-License-Identifier: Apache-2.0
//
// A stream of events as a recorder gives it: what there is when it begins, then tasks that run, sleep and are woken, in
// an order that a kernel could have had. The same for the same numbers.
#pragma once

#include <deque>
#include <vector>

#include "base/splitmix.h"
#include "trace/events.h"

namespace ktstr {

struct SampleShape {
  std::uint16_t cpus = 4;
  std::int32_t tasks = 12;
  std::uint64_t seed = 1;
  bool with_bpf_scheduler = false;
};

// At least `count` events, and a few more.
std::vector<TraceEvent> sample_stream(std::size_t count, const SampleShape& shape = {});

// "worker" as the probes take it.
template <std::size_t Words>
TraceText<Words> trace_text_of(std::string_view text) {
  TraceText<Words> made;
  for (std::size_t i = 0; i < text.size() && i < Words * 8; ++i)
    made.words[i / 8] |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[i])) << (i % 8 * 8);
  return made;
}

}  // namespace ktstr
