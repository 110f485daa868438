// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ktstr::guest {

// Sends SIGKILL to every program of the guest but this one, `spared` (pids) and their children.
void kill_programs(const std::filesystem::path& proc, const std::vector<int>& spared);

struct UnkillableThread {
  int tid = 0;
  std::string text;  // "insmod[61] (state D in msleep+0x2d/0x40)", "insmod[61] (state R on CPU 0)"
};

// Threads that were sent SIGKILL and are still there, at most 8. `proc` is "/proc". A thread that is just about to end
// is among them: ask again after a while.
std::vector<UnkillableThread> unkillable_threads(const std::filesystem::path& proc);

// Whether one and the same of them stays.
class UnkillableWatch {
 public:
  // How long one has been there without a pause, at guest time `now`.
  std::chrono::nanoseconds stays_at(const std::vector<UnkillableThread>& found, std::chrono::nanoseconds now);

 private:
  std::map<int, std::chrono::nanoseconds> since_;  // by thread
};

}  // namespace ktstr::guest
