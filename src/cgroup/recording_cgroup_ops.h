// SPDX-License-Identifier: Apache-2.0
//
// The recording double of CgroupOps: keeps groups, attributes and members in memory, writes every call down, and fails
// on demand. It follows the kernel's rules where scenarios depend on them: a group needs its parent; one with members
// or children cannot be removed; one that passes controllers of memory or io on takes no process; a process that has
// ended cannot be moved; kill_all() reaches groups below, and frozen ones. Nothing in it takes time.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "cgroup/cgroup_ops.h"

namespace ktstr {

class RecordingCgroupOps final : public CgroupOps {
 public:
  // In order, failed ones included: "enable cpuset cpu", "enable cg_0: cpuset", "create cg_0",
  // "set cg_0 cpuset.cpus 0-1", "get cg_0 cpu.stat", "processes cg_0", "move cg_0 123" (move_processes() too: one line,
  // "move cg_0 123 124"), "directory cg_0", "freeze cg_0", "thaw cg_0", "kill cg_0", "remove cg_0". The empty name is
  // written ".".
  const std::vector<std::string>& calls() const { return calls_; }
  void clear_calls() { calls_.clear(); }

  // The `number`th call from the start (from 1, clear_calls() does not matter) fails with `error` and changes nothing.
  void fail_call(std::size_t number, Error error);
  // From now on every call whose text contains `part` fails with `error` and changes nothing.
  void fail_matching(std::string part, Error error);

  bool exists(std::string_view name) const;
  std::vector<std::string> groups() const;  // without the root, sorted
  // For the children of `group`; none where there is no such group.
  std::set<std::string> enabled_controllers(std::string_view group = "") const;
  bool frozen(std::string_view name) const;  // by itself or by a group above
  // A member that ends by itself: to move it is ESRCH from now on.
  void forget_process(int pid);
  // What get() shall say for a file that nobody has set.
  void preset(std::string_view name, std::string_view file, std::string value);

  Status enable_controllers(std::string_view group, const std::vector<std::string>& controllers) override;
  Status create(std::string_view name) override;
  Status remove(std::string_view name) override;
  Status set(std::string_view name, std::string_view file, std::string_view value) override;
  Result<std::string> get(std::string_view name, std::string_view file) override;
  Result<std::vector<int>> processes(std::string_view name) override;
  Status move_process(std::string_view name, int pid) override;
  Status move_processes(std::string_view name, const std::vector<int>& pids) override;
  Result<Fd> directory(std::string_view name) override;
  Status freeze(std::string_view name, bool frozen) override;
  Status kill_all(std::string_view name) override;

 private:
  struct Group {
    std::map<std::string, std::string, std::less<>> attributes;
    std::set<int> pids;
    std::set<std::string> subtree_control;
    bool frozen = false;
  };
  struct Failure {
    std::string part;
    Error error;
  };
  Status record(std::string call);
  Result<Group*> find(std::string_view name);
  Status admit(std::string_view name, const Group& group) const;
  void put(Group& group, int pid);

  std::map<std::string, Group, std::less<>> groups_{{"", {}}};
  std::set<int> ended_;
  std::vector<std::string> calls_;
  std::size_t call_count_ = 0;
  std::map<std::size_t, Error> failing_calls_;
  std::vector<Failure> failures_;
};

}  // namespace ktstr
