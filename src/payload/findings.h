// SPDX-License-Identifier: Apache-2.0
//
// How a payload went against what is wanted of it: its checks, and without a check on its exit code that it exits with
// status 0. A payload that the scenario killed did not choose its exit. Where an op killed it that was wanted; where
// there was no time left for it, what asks for its end cannot be judged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ktstr/payload.h"

namespace ktstr {

// Why the scenario killed it (PayloadReport::killed).
enum class PayloadKill : std::uint8_t { kAsked, kOutOfTime };

struct PayloadFinding {
  enum class Kind : std::uint8_t { kBreach, kNotJudged, kNote };
  Kind kind = Kind::kBreach;
  std::string message;             // "payload 'fio' in cgroup 'cg_0': write_iops >= 100 does not hold: 73.2 iops"
  std::optional<double> measured;  // none: the metric is missing, or it did not exit by itself
  std::optional<double> limit;     // the one that was broken; none: PayloadCheck::exists
};

// Empty when all is as wanted. The exit comes first, then the checks in the order of their declarations. `why` is only
// looked at for a payload that was killed.
std::vector<PayloadFinding> evaluate(const Payload& payload, const PayloadReport& report, PayloadKill why);

// What evaluate() looks at: "exit code 0, write_iops >= 100".
std::string describe_checks(const Payload& payload);

}  // namespace ktstr
