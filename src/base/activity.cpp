// SPDX-License-Identifier: Apache-2.0
#include "base/activity.h"

#include <algorithm>
#include <mutex>

#include "base/clock.h"

namespace ktstr {

struct ActivityEntry {
  std::uint64_t id;
  Activity::Kind kind;
  std::string what, detail;
  std::chrono::nanoseconds since;
  bool innermost;
};

namespace {

std::mutex entries_mutex;
std::list<ActivityEntry> entries;
std::uint64_t last_id = 0;
thread_local Activity* innermost = nullptr;
thread_local std::list<ActivityEntry>::iterator innermost_entry;

}  // namespace

Activity::Activity(std::string what, Kind kind) : outer_(innermost) {
  const std::lock_guard lock(entries_mutex);
  if (outer_ != nullptr) outer_->entry_->innermost = false;
  entry_ = entries.insert(entries.end(), {++last_id, kind, std::move(what), {}, monotonic_now(), true});
  innermost = this;
  innermost_entry = entry_;
}

Activity::~Activity() {
  const std::lock_guard lock(entries_mutex);
  entries.erase(entry_);
  innermost = outer_;
  if (outer_ == nullptr) return;
  innermost_entry = outer_->entry_;
  innermost_entry->innermost = true;
  innermost_entry->since = monotonic_now();
}

void Activity::rename(std::string what) {
  const std::lock_guard lock(entries_mutex);
  entry_->what = std::move(what);
}

void say_activity(std::string detail) {
  if (innermost == nullptr) return;
  const std::lock_guard lock(entries_mutex);
  innermost_entry->detail = std::move(detail);
}

std::vector<ActivitySeen> activities() {
  std::vector<ActivitySeen> seen;
  const std::lock_guard lock(entries_mutex);
  for (const ActivityEntry& entry : entries) {
    if (!entry.innermost || entry.kind == Activity::Kind::kOfPerson) continue;
    seen.push_back(
        {entry.id, entry.kind, entry.detail.empty() ? entry.what : entry.what + ", " + entry.detail, entry.since});
  }
  std::stable_sort(seen.begin(), seen.end(),
                   [](const ActivitySeen& a, const ActivitySeen& b) { return a.since < b.since; });
  return seen;
}

}  // namespace ktstr
