// SPDX-License-Identifier: Apache-2.0
//
// What a search for races keeps of the runs that it has made, so that a later search of the same test need not make
// them again: runs repeat to the bit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "races/held.h"
#include "results/run_record.h"

namespace ktstr {

struct MadeRun {
  std::string schedule;
  std::uint64_t seed = 0;
  bool decided = false;  // it came to a verdict
  bool failed = false;
  std::string id, run_dir, kind, message, digest, replay_command, repeat_command;
  std::vector<HeldOnce> holds;
  // Its memory was watched, and it came to no code that other runs had not come to.
  bool nothing_new = false;
};

// Of runs whose schedule and seed the search knows.
MadeRun summed_up(const RunRecord& record, const std::string& schedule, std::uint64_t seed);

// In a file, a line of JSON a run.
class MadeRuns {
 public:
  // What the file has; without `resume` it begins anew. Lines that are cut short are left out.
  static Result<MadeRuns> open(std::filesystem::path file, bool resume);

  std::optional<MadeRun> find(const std::string& schedule, std::uint64_t seed) const;
  // kIo: it is not kept.
  Status add(const MadeRun& run);
  std::size_t size() const { return runs_.size(); }

 private:
  explicit MadeRuns(std::filesystem::path file) : file_(std::move(file)) {}
  std::filesystem::path file_;
  std::map<std::pair<std::string, std::uint64_t>, MadeRun> runs_;
};

}  // namespace ktstr
