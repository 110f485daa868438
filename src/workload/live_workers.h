// SPDX-License-Identifier: Apache-2.0
//
// Who has which entry of the live area (model/live_worker.h): the spawner's side. Each worker has one from before it
// exists until its report is made; then it is given to another. One whose worker may still be there, since it did not
// die, is given to nobody. Workers beyond the last entry have none, and are counted.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/live_worker.h"

namespace ktstr {

class LiveWorkers {
 public:
  // Makes the first so many entries accessible, here and for workers that are spawned from then on. May do more.
  using MakeRoom = std::function<Result<std::size_t>(std::size_t count)>;
  // `head` and `entries` are all zero, and nobody else's.
  LiveWorkers(LiveHead& head, std::span<LiveWorker> entries, MakeRoom make_room = {});
  LiveWorkers(const LiveWorkers&) = delete;
  LiveWorkers& operator=(const LiveWorkers&) = delete;

 private:
  friend class LivePlace;
  // Null where there is none left.
  LiveWorker* take();
  void give_back(LiveWorker* entry);
  bool has_room(std::size_t count);

  LiveHead& head_;
  std::span<LiveWorker> entries_;
  MakeRoom make_room_;
  std::size_t room_ = 0;               // entries that are accessible
  std::size_t used_ = 0, beyond_ = 0;  // what the head says
  std::vector<LiveWorker*> free_;
};

// A worker's entry, or that it has none.
class LivePlace {
 public:
  LivePlace() = default;
  // Null: nobody sees these workers.
  LivePlace(std::shared_ptr<LiveWorkers> all, std::string_view cgroup, int index);
  LivePlace(LivePlace&& other) noexcept { *this = std::move(other); }
  LivePlace& operator=(LivePlace&& other) noexcept;
  ~LivePlace();

  // Where the worker counts; null: in memory of its own.
  LiveWorker* entry() const { return entry_; }
  void has_pid(int pid) const;
  void is_released(std::uint64_t now_ns) const;
  // The worker may outlive us, and go on to write there.
  void leave() { all_.reset(); }

 private:
  std::shared_ptr<LiveWorkers> all_;
  LiveWorker* entry_ = nullptr;
};

}  // namespace ktstr
