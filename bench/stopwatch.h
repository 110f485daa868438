// SPDX-License-Identifier: Apache-2.0
//
// What a child process and its children took: wall time, and CPU time once they were waited for. One child at a time.
#pragma once

#include <sys/resource.h>

#include "base/clock.h"

namespace ktstr::bench {

struct Taken {
  double wall_seconds = 0;
  double cpu_seconds = 0;
};

class Stopwatch {
 public:
  Taken taken() const { return {to_seconds(monotonic_now() - wall_), children_cpu() - cpu_}; }

 private:
  static double seconds(const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  }
  static double children_cpu() {
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }

  Nanoseconds wall_ = monotonic_now();
  double cpu_ = children_cpu();
};

}  // namespace ktstr::bench
