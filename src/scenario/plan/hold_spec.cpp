// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "base/text/duration.h"
#include "ktstr/scenario.h"

namespace ktstr {

Status HoldSpec::validate() const {
  if (const auto* fraction = std::get_if<Fraction>(&kind_)) {
    // Written so that NaN fails too.
    if (!(std::isfinite(fraction->of_duration) && fraction->of_duration > 0))
      return fail(ErrorCode::kInvalidArgument,
                  "a hold of {} times the duration is not valid; a fraction is finite and > 0", fraction->of_duration);
    return ok();
  }
  if (const auto* loop = std::get_if<Loop>(&kind_)) {
    if (loop->interval.count() <= 0)
      return fail(ErrorCode::kInvalidArgument, "a loop of {} is not valid; an interval is longer than 0s",
                  format_duration(loop->interval));
    return ok();
  }
  const auto time = std::get<Fixed>(kind_).time;
  if (time.count() < 0)
    return fail(ErrorCode::kInvalidArgument, "a hold of {} is not valid; a time is not negative",
                format_duration(time));
  return ok();
}

std::chrono::nanoseconds HoldSpec::length(std::chrono::nanoseconds duration) const {
  if (const auto* fixed = std::get_if<Fixed>(&kind_)) return std::min(fixed->time, duration);
  if (std::holds_alternative<Loop>(kind_)) return duration;
  const double share = std::min(std::get<Fraction>(kind_).of_duration, 1.0);
  // 1.0 is kept out of the multiplication: a double does not hold every 64-bit count of nanoseconds.
  if (share == 1.0) return duration;
  return std::chrono::nanoseconds(std::llround(static_cast<double>(duration.count()) * share));
}

std::optional<std::chrono::nanoseconds> HoldSpec::interval() const {
  if (const auto* loop = std::get_if<Loop>(&kind_)) return loop->interval;
  return {};
}

std::string HoldSpec::describe() const {
  if (const auto* loop = std::get_if<Loop>(&kind_)) return "loop of " + format_duration(loop->interval);
  if (const auto* fixed = std::get_if<Fixed>(&kind_)) return format_duration(fixed->time);
  const double share = std::get<Fraction>(kind_).of_duration;
  return share == 1.0 ? "full" : fmt::format("{} of the duration", share);
}

}  // namespace ktstr
