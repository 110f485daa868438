// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/breach_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace ktstr {

namespace {

std::string milliseconds(std::uint64_t ns) { return fmt::format("{:.1f} ms", static_cast<double>(ns) / 1e6); }

// Without when it was, and its limit.
std::string what(const Breach& breach, Invariant invariant, const std::string& who, const std::string& other) {
  const std::string length = milliseconds(breach.length_ns()), ran = milliseconds(breach.amount);
  switch (invariant) {
    case Invariant::kWorkConservation:
      return fmt::format("CPU {} was idle for {} while {} or others waited that may run there", breach.cpu, length,
                         who);
    case Invariant::kWaitAge:
      return fmt::format("{} waited {}", who, length);
    case Invariant::kAllowedCpu:
      break;
    case Invariant::kStarvation:
      return fmt::format("{} waited {} while {}, of the same cgroup and not above it, ran {} where both may run", who,
                         length, other, ran);
    case Invariant::kLostTask:
      return fmt::format(
          "{} was in no queue that is known of for {} while {}, of the same cgroup and not above it, ran {} where both "
          "may run",
          who, length, other, ran);
    case Invariant::kMaxSlice:
      return fmt::format(
          "{} ran on CPU {} for {}, but for moments, while {}, of the same cgroup and not below it, waited "
          "for that CPU",
          other, breach.cpu, length, who);
    case Invariant::kPingPong:
      return fmt::format(
          "{} was taken off CPUs that had nothing else to run {} times in {}, {} times a second of its run "
          "time,",
          who, breach.own, length, breach.amount);
    case Invariant::kBandwidth:
      return breach.is_below
                 ? fmt::format(
                       "cgroup {}, with {}, was kept off by its quota for {} in which it had {}, {} less than "
                       "the quota is,",
                       other, who, length, milliseconds(breach.own), ran)
                 : fmt::format("cgroup {}, with {}, ran {} in {}, {} more than its quota is,", other, who,
                               milliseconds(breach.own), length, ran);
    case Invariant::kQueueDepth:
      return fmt::format("{} had up to {} tasks, {} the last of them, for {}", other, breach.amount, who, length);
    case Invariant::kWeightOrder:
      return fmt::format("{} ran {} of {}, and {}, whose weight is lower, {}: both wanted to run all the time,", who,
                         milliseconds(breach.own), length, other, ran);
    case Invariant::kWeightShare:
      return breach.is_below ? fmt::format(
                                   "{} ran {} of {} where its weight entitles it to {}, and {}, of the same cgroup, "
                                   "had most instead: "
                                   "both wanted to run on CPU {} all the time,",
                                   who, milliseconds(breach.own), length, milliseconds(breach.own + breach.amount),
                                   other, breach.cpu)
                             : fmt::format(
                                   "{} ran {} of {} where its weight entitles it to {}, and {}, of the same cgroup, "
                                   "had too little: "
                                   "both wanted to run on CPU {} all the time,",
                                   other, milliseconds(breach.own), length,
                                   milliseconds(breach.own - std::min(breach.own, breach.amount)), who, breach.cpu);
  }
  return {};
}

bool is_by_amount(Invariant invariant) {
  return is_count(invariant) || invariant == Invariant::kWeightOrder || invariant == Invariant::kWeightShare ||
         invariant == Invariant::kBandwidth;
}

}  // namespace

bool is_count(Invariant invariant) { return invariant == Invariant::kPingPong || invariant == Invariant::kQueueDepth; }

std::string checked_text(const InvariantResult& found) {
  std::string text(to_string(found.invariant));
  if (found.invariant == Invariant::kWeightOrder || found.invariant == Invariant::kWeightShare)
    return text + (found.compared == 0 ? ": nobody to compare" : fmt::format(": compared {} times", found.compared));
  if (found.invariant == Invariant::kBandwidth)
    return text + (found.compared == 0 ? ": nobody has a quota" : fmt::format(": of {} quotas", found.compared));
  if (found.invariant == Invariant::kQueueDepth && found.seen == 0)
    return text + fmt::format(": no queue was used, limit {}", found.limit);
  if (found.invariant == Invariant::kQueueDepth)
    return text +
           fmt::format(": deepest {} of {}, limit {}", found.worst ? found.worst->amount : 0, found.seen, found.limit);
  if (found.invariant == Invariant::kPingPong)
    return text + fmt::format(": most {} a second, limit {}", found.worst ? found.worst->amount : 0, found.limit);
  if (found.limit == 0) return text;
  const std::string longest =
      found.worst ? fmt::format("{} of {}", milliseconds(found.worst->size()), found.seen) : "none";
  return text + fmt::format(": longest {}, limit {} ms", longest, found.limit / 1'000'000);
}

std::string breach_text(const InvariantResult& found, const std::string& who, const std::string& other,
                        double into_body_s) {
  const Breach& worst = *found.worst;
  const std::string when = fmt::format("{:.6f} s into the body", into_body_s);
  if (found.invariant == Invariant::kAllowedCpu)
    return fmt::format("{} ran on CPU {}, {}, where it may not run", who, worst.cpu, when) +
           (found.too_long > 1 ? fmt::format(", the longest of {}", found.too_long) : "");
  std::string text = what(worst, found.invariant, who, other) + fmt::format(" from {} on", when);
  if (found.limit > 0)
    text += is_count(found.invariant) ? fmt::format(" (limit {})", found.limit)
                                      : fmt::format(" (limit {} ms)", found.limit / 1'000'000);
  if (found.too_long > 1)
    text += fmt::format(", the {} of {}", is_by_amount(found.invariant) ? "worst" : "longest", found.too_long);
  return text;
}

}  // namespace ktstr
