// SPDX-License-Identifier: Apache-2.0
//
// The one interface through which scenarios touch cgroups. Names are paths relative to the scenario's own root group
// ("cg_0", "cg_0/nested"); "" is that root. Two implementations: CgroupFs on a real cgroup2 mount (directory file
// descriptors, values read back after writing), and RecordingCgroupOps for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "ktstr/topology.h"

namespace ktstr {

class CgroupOps {
 public:
  virtual ~CgroupOps() = default;

  // Enables controllers ("cpuset", "cpu") for the children of `group`. Enabled ones stay.
  virtual Status enable_controllers(std::string_view group, const std::vector<std::string>& controllers) = 0;
  // kInvalidArgument where it exists already.
  virtual Status create(std::string_view name) = 0;
  // Retries EBUSY while dying members leave (waits for cgroup.events, bounded in time), then fails with the members' pids.
  virtual Status remove(std::string_view name) = 0;
  // Writes one attribute file and reads it back where the kernel echoes values ("cpu.weight", "cpuset.cpus").
  virtual Status set(std::string_view name, std::string_view file, std::string_view value) = 0;
  virtual Result<std::string> get(std::string_view name, std::string_view file) = 0;
  virtual Result<std::vector<int>> processes(std::string_view name) = 0;
  // cgroup.procs of `name`; kNotFound when the process is gone.
  virtual Status move_process(std::string_view name, int pid) = 0;
  // Moves them all into `name`; "" is the place outside, where we ourselves are. Those that are gone by now are passed
  // over; kNotFound when all are.
  virtual Status move_processes(std::string_view name, const std::vector<int>& pids) = 0;
  // cgroup.freeze; returns when all members are frozen, or thawed.
  virtual Status freeze(std::string_view name, bool frozen) = 0;
  // The directory, for clone3(CLONE_INTO_CGROUP). Invalid in the recording double: workers then start where we are.
  virtual Result<Fd> directory(std::string_view name) = 0;
  // Writes cgroup.kill.
  virtual Status kill_all(std::string_view name) = 0;
};

}  // namespace ktstr
