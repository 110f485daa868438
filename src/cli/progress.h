// SPDX-License-Identifier: Apache-2.0
//
// What is going on, on stderr: how far a pool of runs has come, and what takes long (base/activity.h). On a terminal a
// line that is drawn again and again, else a plain line now and then. Nothing that ends within 3 s is said, on a
// terminal within 1 s.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/activity.h"
#include "runner/pool.h"

namespace ktstr::cli {

// "12 of 40 done, 2 running, 1 failed, about 3 min left".
std::string progress_text(const PoolState& state);

// What is to be said at a moment; times are of CLOCK_MONOTONIC.
class ProgressTexts {
 public:
  // A program that asked for JSON wants no counts, but also no silence.
  explicit ProgressTexts(bool json) : json_(json) {}

  // Of a pool of one run, and without a pool, only activities are worth a line.
  void set_pool(const std::optional<PoolState>& pool) { pool_ = pool && pool->total > 1 ? pool : std::nullopt; }
  // For a terminal; "" where there is nothing to say.
  std::string status_line(const std::vector<ActivitySeen>& seen, std::chrono::nanoseconds now) const;
  // Without a terminal: the line that is due now, if any. One for each activity after its 3 s, else one in 10 s.
  std::optional<std::string> plain_line(const std::vector<ActivitySeen>& seen, std::chrono::nanoseconds now);

 private:
  const ActivitySeen* long_one(const std::vector<ActivitySeen>& seen, std::chrono::nanoseconds now,
                               std::chrono::nanoseconds least) const;
  std::string text(const ActivitySeen* seen) const;

  bool json_;
  std::optional<PoolState> pool_;
  std::optional<std::chrono::nanoseconds> last_line_;
  std::uint64_t last_activity_ = 0;
  std::uint64_t last_done_ = 0;
};

// Shows it, on a thread of its own, from its construction on. There is one at a time.
class Progress {
 public:
  enum class Kind { kPlain, kTerminal };
  Progress(Kind kind, bool json);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // What fits stderr.
  static Kind kind();
  // As often as it likes; none: the pool has ended.
  void show(const std::optional<PoolState>& state);

 private:
  void watch(const std::stop_token& stop);
  void look();

  const Kind kind_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  ProgressTexts texts_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace ktstr::cli
