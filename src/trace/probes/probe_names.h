// SPDX-License-Identifier: Apache-2.0
//
// The probes that a user has asked for, by the numbers that their events have.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trace/events.h"

namespace ktstr {

class ProbeNames {
 public:
  void follow(const TraceEvent& event);
  // Of a kProbe: "simple_enqueue(131)", "f(1, 2)", "probe 7()" where the trace does not say which that is; of an end
  // "f -> 3", "f -> void", "f -> ? (goes on at 0xffffffff81000000)".
  std::string text(const TraceEvent& event) const;
  std::string name(std::uint32_t number) const;  // "simple_enqueue"

 private:
  std::vector<std::string> names_;
};

}  // namespace ktstr
