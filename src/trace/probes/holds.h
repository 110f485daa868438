// SPDX-License-Identifier: Apache-2.0
//
// A schedule: which CPU stands still where in the code of a BPF scheduler or of the kernel, and until when. It is a
// part of what a run is (RunTuple): the same schedule gives the same run.
//
//   take_mail+0x2d to take_mail+0x54 until write              a CPU that has touched memory at the first place stands
//                                                             still at the second until another has written there
//   take_mail+0x2d to take_mail+0x54 until access times 3     ... the third time only, until another has touched it
//   ... times 2-5 most 100000                                 ... or for 100,000 instructions of others
//   ... count 3                                               ... until others have done so three times
//   update_curr+0x2d to update_curr+0x54 until write in kernel/sched
//                                                             until code of the BPF scheduler or of these functions of
//                                                             the kernel has (kernel_code.h); without 'in' only those
//                                                             of the places themselves
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "probe_page.h"
#include "trace/probes/bpf_functions.h"
#include "trace/probes/kernel_code.h"

namespace ktstr {

// An instruction, by the function that it is in.
struct CodePlace {
  std::string function;
  std::uint64_t offset = 0;  // bytes
  bool operator==(const CodePlace&) const = default;
  auto operator<=>(const CodePlace&) const = default;
};
std::string to_text(const CodePlace& place);  // "take_mail+0x2d"

struct PlannedHold {
  static constexpr std::uint32_t kAlways = UINT32_MAX;
  static constexpr std::uint64_t kMostInstructions = 400'000;

  CodePlace first, second;
  bool writes_only = true;               // reading does not end it
  std::uint32_t from = 1, to = kAlways;  // of the times that a CPU comes to the second place so
  std::uint64_t most = kMostInstructions;
  std::uint32_t count = 1;  // how often others must have touched the bytes
  std::string code = {};    // of the kernel that can end it, beside that of its places; as parse_kernel_code() gives it
  bool operator==(const PlannedHold&) const = default;
};
std::string to_text(const PlannedHold& hold);
std::string to_text(const std::vector<PlannedHold>& schedule);  // "; " between them; "" for none

// The other way. kInvalidArgument names what is wrong.
Result<std::vector<PlannedHold>> parse_schedule(std::string_view text);

// As the plugin takes them. kNotFound: neither has such a function, or it ends before.
Result<std::vector<control::Hold>> placed_holds(const std::vector<PlannedHold>& schedule,
                                                const std::vector<BpfFunction>& functions,
                                                const std::vector<KernelFunction>& of_kernel = {});

}  // namespace ktstr
