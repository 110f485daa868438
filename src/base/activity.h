// SPDX-License-Identifier: Apache-2.0
//
// What the program is doing, for the person who waits: whoever begins something that can take long says so here, and
// one place (cli/progress.h) decides when to show it. A thread's activities are a stack: the innermost is what it does.
//
//   const Activity building("building the image of 1n1l2c1t with 7.3.0, first run only");
//   say_activity("guest at 12 s");   // about the innermost of this thread, as often as it likes
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <vector>

namespace ktstr {

class Activity {
 public:
  // kWaiting is worth a line of its own also where many runs go on and how far they are is shown; kRunning is not.
  // kOfPerson is what waits for the reader: nothing is said of it.
  enum class Kind { kRunning, kWaiting, kOfPerson };
  explicit Activity(std::string what, Kind kind = Kind::kWaiting);
  ~Activity();
  Activity(const Activity&) = delete;
  Activity& operator=(const Activity&) = delete;

  // Another name for the same: "running x, step 2".
  void rename(std::string what);

 private:
  Activity* outer_;  // of this thread
  std::list<struct ActivityEntry>::iterator entry_;
};

// Where the innermost activity of this thread has come to; nothing where it has none.
void say_activity(std::string detail);

// What one thread does now.
struct ActivitySeen {
  std::uint64_t id = 0;  // of the activity, never used again
  Activity::Kind kind = Activity::Kind::kWaiting;
  std::string text;                   // "WHAT, DETAIL"
  std::chrono::nanoseconds since{0};  // of CLOCK_MONOTONIC: when the thread began, or came back to, it
};

// The innermost activity of each thread that has one, the longest first.
std::vector<ActivitySeen> activities();

}  // namespace ktstr
