// SPDX-License-Identifier: Apache-2.0
//
// The one interface through which scenarios touch cgroups. Names are paths relative to the scenario's own root group
// ("cg_0", "cg_0/nested"). Two implementations: CgroupFs on a real cgroup2 mount (directory file descriptors, values
// read back after writing), and RecordingCgroupOps for tests.
//
// The empty name is the root group where limits and controllers are meant (enable_controllers, set, get, freeze,
// kill_all). It is the place *outside* where processes are meant (processes, move_process, move_processes, directory):
// the group in which the body itself runs. The root group passes controllers on and so has no processes.
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

  // Enables controllers ("cpuset", "cpu") for the children of `group`, and on the way down to it. Enabled ones stay.
  // kUnsupported with the missing ones and how to get them.
  virtual Status enable_controllers(std::string_view group, const std::vector<std::string>& controllers) = 0;
  // kInvalidArgument where it exists already; kNoSpace where a limit on groups is reached.
  virtual Status create(std::string_view name) = 0;
  // Retries EBUSY while dying members leave (waits for cgroup.events, bounded in time), then fails with kBusy, the
  // members and what they do. kInvalidArgument where there are groups below, kNotFound where it is gone already.
  virtual Status remove(std::string_view name) = 0;
  // Writes one attribute file and reads it back where the kernel echoes values ("cpu.weight", "cpuset.cpus").
  // kUnsupported, with what the kernel needs, where it has no such file.
  virtual Status set(std::string_view name, std::string_view file, std::string_view value) = 0;
  virtual Result<std::string> get(std::string_view name, std::string_view file) = 0;
  virtual Result<std::vector<int>> processes(std::string_view name) = 0;
  // cgroup.procs of `name`; kNotFound when the process is gone.
  virtual Status move_process(std::string_view name, int pid) = 0;
  // All of them, with what the kernel asks of the group done before: see process_move.h. Nothing happens without pids.
  virtual Status move_processes(std::string_view name, const std::vector<int>& pids) = 0;
  // The directory, for clone3(CLONE_INTO_CGROUP). Invalid in the recording double: workers then start where we are.
  virtual Result<Fd> directory(std::string_view name) = 0;
  // Writes cgroup.freeze and waits until the kernel says that all tasks in there, those of groups below included, have
  // come to a halt or run again. kTimedOut with the reason where one can be seen.
  virtual Status freeze(std::string_view name, bool frozen) = 0;
  // Writes cgroup.kill and waits until nothing is alive in there or in groups below. Frozen tasks die as well.
  // kTimedOut.
  virtual Status kill_all(std::string_view name) = 0;
};

}  // namespace ktstr
