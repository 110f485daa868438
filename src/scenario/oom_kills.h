// SPDX-License-Identifier: Apache-2.0
//
// What the kernel's OOM killer ended, read from its log: a process that dies of it did not fail by itself, and no
// scheduler did it any harm.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace ktstr {

struct OomKill {
  int pid = 0;
  std::string comm;
  bool of_cgroup = false;  // its cgroup came to its memory.max; else the machine was out of memory
  friend bool operator==(const OomKill&, const OomKill&) = default;

  std::string by() const;  // "by the kernel's OOM killer", "by the OOM killer of its cgroup"
};

// Of a line of the kernel's log; __oom_kill_process() in mm/oom_kill.c writes it.
std::optional<OomKill> oom_kill_in(std::string_view line);

class OomLog {
 public:
  // From here on. A log that cannot be read holds nothing: that happens outside of a guest.
  static OomLog open(const char* log);
  // All until now, oldest first.
  const std::vector<OomKill>& look();

 private:
  static constexpr std::size_t kMostKept = 4096;
  explicit OomLog(Fd log) : log_(std::move(log)) {}
  Fd log_;
  std::vector<OomKill> seen_;
};

struct ExecutorHooks;

// The kills during a scenario, by whom they hit.
class OomKills {
 public:
  explicit OomKills(const ExecutorHooks& hooks) : hooks_(hooks) {}
  // Workers, and first processes of payloads: what hits them is reported with them.
  void know(const std::vector<int>& pids) { known_.insert(pids.begin(), pids.end()); }
  // Until now; for `since` of what starts now.
  std::size_t count() const { return all().size(); }
  // None when it was not killed so.
  std::optional<OomKill> of(int pid, std::size_t since = 0) const;
  // The first that hit none of the known processes: one that a payload had started.
  std::optional<OomKill> of_others(std::size_t since) const;

 private:
  const std::vector<OomKill>& all() const;
  const ExecutorHooks& hooks_;
  std::set<int> known_;
};

}  // namespace ktstr
