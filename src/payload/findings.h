// SPDX-License-Identifier: Apache-2.0
//
// A payload's checks against how it went. A payload that the scenario killed did not choose its exit: its exit code is
// not judged, and a note says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ktstr/payload.h"

namespace ktstr {

struct PayloadFinding {
  enum class Kind : std::uint8_t { kBreach, kNote };
  Kind kind = Kind::kBreach;
  std::string message;             // "payload 'fio' in cgroup 'cg_0': write_iops >= 100 does not hold: 73.2 iops"
  std::optional<double> measured;  // none: the metric is missing, or it did not exit by itself
  std::optional<double> limit;     // the one that was broken; none: PayloadCheck::exists
};

// Empty when all checks hold. The exit code comes first, then the checks in the order of their declarations.
std::vector<PayloadFinding> evaluate(const Payload& payload, const PayloadReport& report);

}  // namespace ktstr
