// SPDX-License-Identifier: Apache-2.0
#include "host/host_group.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <sstream>

#include "cgroup/group_dir.h"
#include "host/clean_up.h"

namespace ktstr {

Result<HostGroup> HostGroup::create(HostPlace place, int pid, std::vector<int> harness, UndoJournal& journal) {
  KTSTR_TRY_ASSIGN(CgroupFs group, CgroupFs::create(place.own, run_group_name(pid)));
  return HostGroup(std::move(place), pid, std::move(harness), journal, std::move(group));
}

std::vector<Error> HostGroup::close() {
  std::vector<Error> errors;
  // Removed by path, with all that a body left in it; the object then finds nothing to remove.
  errors = clean_up_after(pid_, place_.own, journal_.path().parent_path());
  ignore_result(group_.close(), "it is gone, or its error is in the list already");
  return errors;
}

Status HostGroup::enable_controllers(std::string_view group, const std::vector<std::string>& controllers) {
  if (controllers.empty()) return ok();
  KTSTR_TRY(check_controllers(place_, controllers));
  if (!place_.is_kernel_root()) KTSTR_TRY(step_aside());
  KTSTR_TRY(promise_to_disable(controllers));
  return group_.enable_controllers(group, controllers);
}

fs::path HostGroup::aside() const { return place_.own / harness_group_name(pid_); }

Status HostGroup::move_processes(std::string_view name, const std::vector<int>& pids) {
  std::error_code ignored;
  if (!name.empty() || !fs::exists(aside(), ignored)) return group_.move_processes(name, pids);
  for (const int pid : pids) {
    Status moved = write_text(aside() / "cgroup.procs", std::to_string(pid));
    if (!moved && moved.error().saved_errno() != ESRCH) return moved;
  }
  return ok();
}

Result<Fd> HostGroup::directory(std::string_view name) {
  std::error_code ignored;
  if (!name.empty() || !fs::exists(aside(), ignored)) return group_.directory(name);
  return open_file(aside(), O_RDONLY | O_DIRECTORY);
}

Status HostGroup::step_aside() {
  KTSTR_TRY_ASSIGN(const Fd own, open_file(place_.own, O_RDONLY | O_DIRECTORY));
  KTSTR_TRY_ASSIGN(std::vector<int> members, read_processes(own).context(place_.own.string()));
  std::vector<int> strangers;
  std::copy_if(members.begin(), members.end(), std::back_inserter(strangers),
               [&](int pid) { return std::find(harness_.begin(), harness_.end(), pid) == harness_.end(); });
  if (!strangers.empty())
    return fail(ErrorCode::kBusy,
                "{} must pass controllers on to the scenario's groups, and may not while processes are in it: {}",
                place_.own.string(), fmt::join(strangers, ", "))
        .with_hint(
            "start ktstr in a group where it is alone: systemd-run --user --scope -p Delegate=yes -- ktstr run ...");
  if (members.empty()) return ok();
  if (::mkdir(aside().c_str(), 0755) != 0 && errno != EEXIST) return fail_errno("cannot make {}", aside().string());
  for (const int pid : members)
    KTSTR_TRY(write_text(aside() / "cgroup.procs", std::to_string(pid)).context("step aside into " + aside().string()));
  return ok();
}

Status HostGroup::promise_to_disable(const std::vector<std::string>& controllers) {
  const fs::path file = place_.own / "cgroup.subtree_control";
  KTSTR_TRY_ASSIGN(const std::string enabled, read_attribute(file));
  std::istringstream words(enabled);
  const std::vector<std::string> before{std::istream_iterator<std::string>(words), {}};
  for (const std::string& controller : controllers)
    if (std::find(before.begin(), before.end(), controller) == before.end())
      KTSTR_TRY(journal_.note(file, "-" + controller));
  return ok();
}

}  // namespace ktstr
