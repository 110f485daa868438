// SPDX-License-Identifier: Apache-2.0
//
// When requests come, and how long what they wait for takes: distributions by their inverse functions, which a number
// drawn evenly from 0 to below 1 goes into.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "ktstr/work_types.h"

namespace ktstr {

constexpr double kOnOffNs = 20e6;

// Until the next one, in ns, where `mean_ns` lie between two on average; for on-off of the time that is on.
inline double arrival_interval(Arrivals arrivals, double mean_ns, double drawn) {
  // A Pareto distribution of shape 1.5 that is cut at 100 times its mean has it where it begins at this part of it.
  constexpr double kParetoShape = 1.5, kParetoFrom = 0.347, kParetoMost = 100;
  switch (arrivals) {
    case Arrivals::kFixed:
      return mean_ns;
    case Arrivals::kPoisson:
      return -std::log1p(-drawn) * mean_ns;
    case Arrivals::kPareto:
      return std::min(kParetoFrom * std::pow(1 - drawn, -1 / kParetoShape), kParetoMost) * mean_ns;
    case Arrivals::kOnOff:
      return -std::log1p(-drawn) * mean_ns / 2;
  }
  return mean_ns;
}

// When a stream's arrivals are due, one after the other.
class ArrivalTimes {
 public:
  ArrivalTimes(Arrivals arrivals, double rate_hz, std::uint64_t since_ns)
      : arrivals_(arrivals), mean_ns_(1e9 / rate_hz), since_ns_(since_ns) {}
  // CLOCK_MONOTONIC ns.
  std::uint64_t next(double drawn) {
    at_ns_ += arrival_interval(arrivals_, mean_ns_, drawn);
    const double off_ns = arrivals_ == Arrivals::kOnOff ? std::floor(at_ns_ / kOnOffNs) * kOnOffNs : 0;
    return since_ns_ + static_cast<std::uint64_t>(at_ns_ + off_ns);
  }

 private:
  Arrivals arrivals_;
  double mean_ns_, at_ns_ = 0;
  std::uint64_t since_ns_;
};

// A Pareto distribution that begins at `least_ns`, is above `p99_ns` once in a hundred, and ends at ten times that.
inline std::uint64_t pareto_tail(std::uint64_t least_ns, std::uint64_t p99_ns, double drawn) {
  const auto least = static_cast<double>(least_ns), p99 = static_cast<double>(p99_ns);
  const double shape = std::log(100.0) / std::log(p99 / least);
  return static_cast<std::uint64_t>(std::min(least * std::pow(1 - drawn, -1 / shape), 10 * p99));
}

}  // namespace ktstr
