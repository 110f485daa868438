// SPDX-License-Identifier: Apache-2.0
//
// CgroupOps on a real cgroup2 mount. A CgroupFs owns one group directly below the mount ("/sys/fs/cgroup/ktstr"), makes
// everything below that group, and removes it at the end. It holds directory file descriptors, never paths, so that a
// group which somebody removes and makes again is not mistaken for ours. Values are read back after writing.
#pragma once

#include <chrono>
#include <string>

#include "base/file.h"
#include "cgroup/cgroup_ops.h"

namespace ktstr {

class CgroupFs final : public CgroupOps {
 public:
  static constexpr std::chrono::seconds kDefaultRemoveTimeout{2};

  // Makes the group `name` (one component) below `mount`. kUnsupported when `mount` is no cgroup2 mount,
  // kInvalidArgument when the group exists. `remove_timeout` bounds, on CLOCK_MONOTONIC, how long remove() waits for
  // dying members.
  static Result<CgroupFs> create(const fs::path& mount, std::string name,
                                 std::chrono::nanoseconds remove_timeout = kDefaultRemoveTimeout);
  CgroupFs(CgroupFs&&) noexcept = default;
  CgroupFs& operator=(CgroupFs&& other) noexcept;
  // As close(), with a warning for what failed; does not wait for dying members.
  ~CgroupFs() override;

  // Removes the root group, which must be without children by now. Harmless the second time.
  Status close();

  Status enable_controllers(std::string_view group, const std::vector<std::string>& controllers) override;
  Status create(std::string_view name) override;
  Status remove(std::string_view name) override;
  Status set(std::string_view name, std::string_view file, std::string_view value) override;
  Result<std::string> get(std::string_view name, std::string_view file) override;
  Result<std::vector<int>> processes(std::string_view name) override;
  Status move_process(std::string_view name, int pid) override;
  Status move_processes(std::string_view name, const std::vector<int>& pids) override;
  Status freeze(std::string_view name, bool frozen) override;
  Result<Fd> directory(std::string_view name) override;
  Status kill_all(std::string_view name) override;

 private:
  CgroupFs(Fd mount, Fd root, fs::path mount_path, std::string name, std::chrono::nanoseconds remove_timeout);
  Status write_attribute(std::string_view name, std::string_view file, std::string_view value);

  Fd mount_;
  Fd root_;              // invalid once closed
  fs::path mount_path_;  // for messages
  std::string root_name_;
  std::chrono::nanoseconds remove_timeout_;
};

}  // namespace ktstr
