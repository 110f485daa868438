// SPDX-License-Identifier: Apache-2.0
//
// The cgroup of a run in host mode, "ktstr-PID" below our own, and CgroupOps below it. What a run needs of its
// surroundings is done when the first scenario asks for controllers, and undone at the end: a group that passes
// controllers on may have no processes itself, so the harness, which stands in that group, steps aside into
// "ktstr-PID.harness".
#pragma once

#include <string>
#include <vector>

#include "cgroup/cgroup_fs.h"
#include "host/host_place.h"
#include "host/undo_journal.h"

namespace ktstr {

class HostGroup final : public CgroupOps {
 public:
  // `harness` are those of our processes that stand in our own group: they may be moved. `journal` must outlive the
  // group.
  static Result<HostGroup> create(HostPlace place, int pid, std::vector<int> harness, UndoJournal& journal);

  // Kills what is left in the group, removes it, and undoes what was done around it. Errors name what stays.
  std::vector<Error> close();

  // As check_controllers() says; kBusy with the pids when somebody besides the harness stands in our own group.
  Status enable_controllers(std::string_view group, const std::vector<std::string>& controllers) override;
  Status create(std::string_view name) override { return group_.create(name); }
  Status remove(std::string_view name) override { return group_.remove(name); }
  Status set(std::string_view name, std::string_view file, std::string_view value) override {
    return group_.set(name, file, value);
  }
  Result<std::string> get(std::string_view name, std::string_view file) override { return group_.get(name, file); }
  Result<std::vector<int>> processes(std::string_view name) override { return group_.processes(name); }
  Status move_process(std::string_view name, int pid) override { return group_.move_process(name, pid); }
  // The empty name is where the harness stands.
  Status move_processes(std::string_view name, const std::vector<int>& pids) override;
  Result<Fd> directory(std::string_view name) override;
  Status freeze(std::string_view name, bool frozen) override { return group_.freeze(name, frozen); }
  Status kill_all(std::string_view name) override { return group_.kill_all(name); }

 private:
  HostGroup(HostPlace place, int pid, std::vector<int> harness, UndoJournal& journal, CgroupFs group)
      : place_(std::move(place)),
        pid_(pid),
        harness_(std::move(harness)),
        journal_(journal),
        group_(std::move(group)) {}
  fs::path aside() const;  // exists once somebody had to step there
  Status step_aside();
  Status promise_to_disable(const std::vector<std::string>& controllers);

  HostPlace place_;
  int pid_;
  std::vector<int> harness_;
  UndoJournal& journal_;
  CgroupFs group_;
};

}  // namespace ktstr
