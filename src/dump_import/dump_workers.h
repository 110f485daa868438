// SPDX-License-Identifier: Apache-2.0
//
// Who of a dump becomes a worker, and what it does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "dump_import/dump_log.h"

namespace ktstr {

// Tasks with equal settings.
struct DumpGroup {
  std::string type;      // of work
  std::string comm;      // as it is
  std::string affinity;  // "0-3"; "": everywhere
  std::string policy;    // "fifo:1"; "": the default
  std::optional<int> nice;
  std::vector<std::string> tasks;  // what the dump has of each, for comments

  bool has_same_settings(const DumpGroup& other) const {
    return type == other.type && comm == other.comm && affinity == other.affinity && policy == other.policy &&
           nice == other.nice;
  }
};

struct DumpWorkers {
  std::size_t cpus = 0;           // of the machine
  std::size_t workers = 0;        // in all groups
  std::vector<DumpGroup> groups;  // in the dump's order
  CpuSet allowed;                 // where any of them may run
  std::string program;            // of the scheduler's, where a task of the dump is it: "scx_lavd"
  std::vector<std::string> notes;
};

// kInvalidArgument "FILE:LINE: ..." where nobody is left, there are too many, or the task that the exit is about is
// left out.
Result<DumpWorkers> workers_of(const DumpLog& log, const std::string& file);

// The nice value of a task of this weight. `exact` is false where several nice values have it.
int nice_of_weight(unsigned weight, bool& exact);

// "DSQ 0x101", "the local DSQ of CPU 3", "no DSQ": where a task was. `cpu`: on whose runqueue.
std::string dsq_words(const std::string& dsq, int cpu);

}  // namespace ktstr
