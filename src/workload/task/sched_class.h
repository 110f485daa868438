// SPDX-License-Identifier: Apache-2.0
//
// The scheduling class that runs a task, as the kernel says: "ext", "fair", "rt", "deadline"; "" where it does not say.
// Of real-time and deadline tasks the policy decides. Whether sched_ext runs one of the other policies depends on the
// scheduler (SCX_OPS_SWITCH_PARTIAL), so that is looked up: "ext.enabled" of /proc/PID/sched.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>

#include "ktstr/work.h"

namespace ktstr {

// Looks once for each policy: tasks of one policy are in one class, and the file takes the kernel long to write (about
// a millisecond of an emulated guest's time). So one of these is good for tasks of one moment.
class SchedClassReader {
 public:
  explicit SchedClassReader(std::string proc_root) : proc_root_(std::move(proc_root)) {}
  std::string of(pid_t tid, SchedPolicy::Kind policy);

 private:
  std::string proc_root_;
  std::map<SchedPolicy::Kind, std::string> seen_;
};

// What a /proc/PID/sched says of a task that is neither real-time nor deadline. A kernel without sched_ext has no
// "ext.enabled" in it: "fair". "" for an empty text.
std::string class_in_sched_file(std::string_view text);

// Adds what is seen now to what was seen before: "ext" and "rt" are "ext+rt".
void add_sched_class(std::string& seen, std::string_view now);

}  // namespace ktstr
