// SPDX-License-Identifier: Apache-2.0
#include "workload/live_workers.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/log.h"

namespace ktstr {

LiveWorkers::LiveWorkers(LiveHead& head, std::span<LiveWorker> entries, MakeRoom make_room)
    : head_(head), entries_(entries), make_room_(std::move(make_room)), room_(make_room_ ? 0 : entries.size()) {}

bool LiveWorkers::has_room(std::size_t count) {
  if (count <= room_) return true;
  if (count > entries_.size()) return false;
  const auto room = make_room_(count);
  if (!room) {
    log_warn("{}", room.error().render());
    entries_ = entries_.first(room_);  // once is enough
    return false;
  }
  room_ = std::min(*room, entries_.size());
  return count <= room_;
}

LiveWorker* LiveWorkers::take() {
  if (!free_.empty()) {
    LiveWorker* const entry = free_.back();
    free_.pop_back();
    return new (entry) LiveWorker;
  }
  if (!has_room(used_ + 1)) {
    head_.beyond.store(static_cast<std::uint32_t>(++beyond_));
    return nullptr;
  }
  LiveWorker* const entry = new (&entries_[used_]) LiveWorker;
  head_.used.store(static_cast<std::uint32_t>(++used_));
  return entry;
}

void LiveWorkers::give_back(LiveWorker* entry) {
  if (entry == nullptr) {
    head_.beyond.store(static_cast<std::uint32_t>(--beyond_));
    return;
  }
  head_.ended_iterations.store(head_.ended_iterations.load() + entry->iterations.load());
  entry->state.store(LiveWorker::kFree);
  free_.push_back(entry);
}

LivePlace::LivePlace(std::shared_ptr<LiveWorkers> all, std::string_view cgroup, int index) : all_(std::move(all)) {
  if (!all_) return;
  entry_ = all_->take();
  if (entry_ == nullptr) return;
  entry_->index.store(index);
  const std::string_view end = cgroup.substr(cgroup.size() - std::min(cgroup.size(), LiveWorker::kNameBytes));
  std::copy(end.begin(), end.end(), entry_->cgroup.begin());
  entry_->state.store(LiveWorker::kTaken);
}

LivePlace& LivePlace::operator=(LivePlace&& other) noexcept {
  std::swap(all_, other.all_);
  std::swap(entry_, other.entry_);
  return *this;
}

LivePlace::~LivePlace() {
  if (all_) all_->give_back(entry_);
}

void LivePlace::has_pid(int pid) const {
  if (entry_ != nullptr) entry_->pid.store(pid);
}

void LivePlace::is_released(std::uint64_t now_ns) const {
  if (entry_ != nullptr) entry_->released_ns.store(now_ns);
}

}  // namespace ktstr
