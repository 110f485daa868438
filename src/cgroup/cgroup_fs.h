// SPDX-License-Identifier: Apache-2.0
//
// CgroupOps on a real cgroup2 hierarchy. A CgroupFs owns one group ("/sys/fs/cgroup/ktstr" in a guest, a group below a
// delegated one in host mode), makes everything below that group, and removes it at the end. It holds directory file
// descriptors, never paths, so that a group which somebody removes and makes again is not mistaken for ours. Values are
// read back after writing.
#pragma once

#include <chrono>
#include <string>

#include "base/file.h"
#include "cgroup/cgroup_ops.h"

namespace ktstr {

// The times are of CLOCK_MONOTONIC: guest time in a guest.
struct CgroupFsOptions {
  std::chrono::nanoseconds remove_timeout = std::chrono::seconds(2);  // for dying members, in remove()
  std::chrono::nanoseconds event_timeout = std::chrono::seconds(2);   // for freeze() and kill_all()
  // The group that the body runs in; empty for the parent. On a host a delegated parent that passes controllers on can
  // have no processes itself, so that the body runs in a group beside ours.
  fs::path outside = {};
};

class CgroupFs final : public CgroupOps {
 public:
  // Makes the group `name` (one component) below `parent`, which is any group of a cgroup2 hierarchy: the mount itself,
  // or a group that was delegated to us. kUnsupported when `parent` is no such group, kInvalidArgument when the group
  // exists.
  static Result<CgroupFs> create(const fs::path& parent, std::string name, CgroupFsOptions options = {});
  CgroupFs(CgroupFs&&) noexcept = default;
  CgroupFs& operator=(CgroupFs&& other) noexcept;
  // As close(), with a warning for what failed; does not wait for dying members.
  ~CgroupFs() override;

  // Removes the root group, which must be without children by now. Harmless the second time.
  Status close();

  // Where processes are that belong to no group of the scenario: what the empty name of move_processes() means.
  const fs::path& outside() const { return outside_path_; }

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
  CgroupFs(Fd parent, Fd root, Fd outside, fs::path parent_path, std::string name, CgroupFsOptions options);
  // Of the root group for "".
  Result<Fd> group(std::string_view name) const;

  Fd parent_;
  Fd root_;  // invalid once closed
  Fd outside_;
  fs::path parent_path_, outside_path_;  // for messages
  std::string root_name_;
  std::chrono::nanoseconds remove_timeout_, event_timeout_;
  std::chrono::nanoseconds patience_;  // of the next remove()
};

}  // namespace ktstr
