// SPDX-License-Identifier: Apache-2.0
//
// From a plan to the lines of a script. What a shell cannot do is collected, and the line is left out.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ktstr/scenario.h"
#include "scenario/plan/plan.h"

namespace ktstr {

class ScriptWriter {
 public:
  // `scheduler`: what start_scheduler starts; empty: none.
  explicit ScriptWriter(std::string scheduler) : scheduler_(std::move(scheduler)) {}

  void add(const Ctx& ctx, const ScenarioPlan& plan);

  const std::string& lines() const { return lines_; }
  const std::vector<std::string>& not_expressed() const { return not_expressed_; }
  const CpuSet& cpus() const { return cpus_; }  // that the lines name

 private:
  friend struct OpInShell;
  struct Group {
    CpuSet cpuset;  // empty: inherited
    int workers = 0;
  };

  void line(std::string_view text) { lines_ += indent_ + std::string(text) + "\n"; }
  void miss(std::string what);
  void add_cgroups(const std::vector<PlannedCgroup>& cgroups);
  void make(const std::string& cgroup);
  void create(const PlannedCgroup& cgroup);
  void spawn(const std::string& cgroup, const std::vector<WorkSpec>& work);
  std::string attributes(const std::string& cgroup, const WorkSpec& work, int count);
  void start(const Payload& payload, const std::vector<std::string>& args, const std::string& cgroup);
  void add(const Op& op);
  void add_step(const PlannedStep& step, int number);
  static std::string chrt_words(const SchedPolicy& policy);
  // As "0-1;2-3", one a worker or one for all; empty: none are set.
  std::vector<std::string> masks(const AffinityIntent& affinity, const CpuSet& cpuset, const CpuSet& within, int count);
  std::string in(const std::string& cgroup) const;  // its name, quoted; for "" the place outside

  std::string scheduler_, lines_, indent_;
  std::vector<std::string> not_expressed_;
  const Ctx* ctx_ = nullptr;
  const ScenarioPlan* plan_ = nullptr;
  int number_ = 0;
  std::map<std::string, Group> groups_;
  CpuSet cpus_;
};

// In one line, without what could end a comment or move a cursor.
std::string in_a_comment(std::string_view text);

}  // namespace ktstr
