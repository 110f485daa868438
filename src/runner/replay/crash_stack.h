// SPDX-License-Identifier: Apache-2.0
//
// The functions of the stack that the kernel prints when it ends a scheduler by an error, or itself.
#pragma once

#include <string>
#include <vector>

namespace ktstr {

struct StackFunction {
  std::string name;  // of BPF that in the source
  bool bpf = false;
  bool operator==(const StackFunction&) const = default;
};

// Innermost first, without those that every stack begins with and those of whose place the kernel is not sure ("? f").
// Of several stacks in a log the first. Empty: there is none.
std::vector<StackFunction> crash_stack(const std::vector<std::string>& log);

}  // namespace ktstr
