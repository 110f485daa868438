// SPDX-License-Identifier: Apache-2.0
//
// What the recorder saw of CPU time that was not shared by weight: the check itself (assert/share_check.h) goes by what
// the guest's kernel accounts to its workers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>

#include "base/result.h"
#include "results/run_record.h"

namespace ktstr {

struct TracedShare {
  double pct = 0;                        // of what all workers of the step ran
  int least = 0;                         // the pid of the cgroup's worker that ran least
  std::uint64_t from_ns = 0, to_ns = 0;  // when all of them were there
};

class TracedShares {
 public:
  TracedShares(const std::filesystem::path& trace, const RunRecord& record) : trace_(trace), record_(record) {}
  // Of the cgroup of a finding, in its step. kNotFound: nothing was seen of them.
  Result<TracedShare> of(const Detail& detail);

 private:
  struct Window {
    std::uint64_t from_ns = 0, to_ns = 0;
    std::map<int, std::uint64_t> ran_ns;  // by pid
  };
  Result<Window> look_at(int step) const;

  const std::filesystem::path& trace_;
  const RunRecord& record_;
  std::map<int, Window> windows_;  // by step
};

}  // namespace ktstr
