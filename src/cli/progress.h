// SPDX-License-Identifier: Apache-2.0
//
// How far a pool of runs has come, on stderr: a line that is drawn again and again on a terminal, else a plain line now
// and then.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "runner/pool.h"

namespace ktstr::cli {

// "12 of 40 done, 2 running, 1 failed, about 3 min left".
std::string progress_text(const PoolState& state);

class Progress {
 public:
  enum class Kind { kNone, kPlain, kTerminal };
  explicit Progress(Kind kind) : kind_(kind) {}
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // What fits stderr. Without a terminal a program reads us: nothing is shown where it asked for JSON.
  static Kind kind_for(bool json);
  // As often as it likes. A single run is not worth a line.
  void show(const PoolState& state);

 private:
  Kind kind_;
  std::chrono::nanoseconds last_shown_{0};  // plain: on PoolState's clock
  std::uint64_t last_done_ = 0;
};

}  // namespace ktstr::cli
