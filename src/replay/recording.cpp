// SPDX-License-Identifier: Apache-2.0
#include "replay/recording.h"

#include <algorithm>

namespace ktstr {

Status Recording::add(const RecordedEvent& event) {
  if (events.size() >= kMostEvents)
    return fail(ErrorCode::kInvalidArgument, "it has more than {} million events", kMostEvents / 1'000'000)
        .with_hint("record a shorter time, or cut the file");
  if (event.cpu < kMostCpus) events.push_back(event);
  return ok();
}

void Recording::name(std::int32_t pid, std::string_view comm) {
  constexpr std::size_t kMostNames = 1'000'000;
  if (pid > 0 && !comm.empty() && (names.size() < kMostNames || names.contains(pid))) names[pid] = comm;
}

Status Recording::finish() {
  const auto is_switch = [](const RecordedEvent& event) { return event.kind == RecordedEvent::Kind::kSwitch; };
  if (std::none_of(events.begin(), events.end(), is_switch))
    return fail(ErrorCode::kInvalidArgument, "there is no sched_switch in it, which says who ran when")
        .with_hint("record sched:sched_switch and sched:sched_waking");
  std::stable_sort(events.begin(), events.end(),
                   [](const RecordedEvent& a, const RecordedEvent& b) { return a.time_ns < b.time_ns; });
  return ok();
}

std::size_t Recording::cpus() const {
  std::vector<bool> seen(kMostCpus);
  for (const RecordedEvent& event : events) seen[event.cpu] = true;
  return static_cast<std::size_t>(std::count(seen.begin(), seen.end(), true));
}

}  // namespace ktstr
