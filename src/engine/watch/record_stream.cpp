// SPDX-License-Identifier: Apache-2.0
#include "engine/watch/record_stream.h"

namespace ktstr {

RecordStream::RecordStream(mailbox::View view, Sink sink) : sink_(std::move(sink)) {
  for (std::size_t lane = 0; lane < mailbox::kLaneCount; ++lane)
    readers_.emplace_back(view, static_cast<mailbox::Lane>(lane));
}

Status RecordStream::drain() {
  std::vector<std::vector<Record>> batches;
  Status sound = ok();
  for (auto& reader : readers_) {
    batches.push_back(reader.read());
    if (sound) sound = reader.sound();
  }
  std::vector<std::size_t> next(batches.size(), 0);
  for (;;) {
    const Record* first = nullptr;
    for (std::size_t lane = 0; lane < batches.size(); ++lane) {
      if (next[lane] == batches[lane].size()) continue;
      const Record& candidate = batches[lane][next[lane]];
      if (first == nullptr || candidate.time_ns < first->time_ns) first = &candidate;
    }
    if (first == nullptr) return sound;
    ++next[static_cast<std::size_t>(first->lane)];
    KTSTR_TRY(sink_(*first));
  }
}

std::uint64_t RecordStream::dropped() const {
  std::uint64_t sum = 0;
  for (const auto& reader : readers_) {
    const std::uint64_t lost = reader.dropped();
    sum = lost > UINT64_MAX - sum ? UINT64_MAX : sum + lost;
  }
  return sum;
}

}  // namespace ktstr
