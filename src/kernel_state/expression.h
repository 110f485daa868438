// SPDX-License-Identifier: Apache-2.0
//
// What somebody wants to know of a guest's kernel or of its BPF scheduler, nearly as C has it:
//
//   runqueues[1].nr_running          a per-CPU variable on CPU 1; without an index on each CPU
//   runqueues[1].curr->comm          through a pointer
//   task[107].scx.dsq_vtime          of the task with this pid
//   (scx_sched*)scx_root->exit_kind  of a variable whose type the kernel does not say
//   bpf:mailboxes[2].has_mail        a variable or an array map of the BPF scheduler
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ktstr {

struct Expression {
  struct Step {
    enum class Kind : std::uint8_t { kMember, kArrow, kIndex } kind = Kind::kMember;
    std::string name;         // of a member
    std::uint64_t index = 0;  // below 2^32
    bool operator==(const Step&) const = default;
  };
  std::string text;       // as it was written, without blanks around it
  std::string cast;       // a type, "": none was named
  int cast_pointers = 0;  // stars after it
  bool of_bpf = false;
  std::string name;  // of the variable; "task" for a task
  std::vector<Step> steps;

  // kInvalidArgument that says where it is not understood.
  static Result<Expression> parse(std::string_view text);
};

}  // namespace ktstr
