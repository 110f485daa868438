// SPDX-License-Identifier: Apache-2.0
#include "cgroup/process_move.h"

#include <cerrno>
#include <sstream>

#include "base/log.h"
#include "cgroup/group_dir.h"

namespace ktstr {

namespace {

Status move_one(int pid, const MoveCalls& calls) {
  for (int tries_left = kMoveRetries;; --tries_left) {
    Status moved = calls.move(pid);
    if (moved || moved.error().saved_errno() != EBUSY) return moved;
    if (tries_left == 0) {
      Error error = std::move(moved).error();
      if (error.hint().empty())
        error.with_hint(
            "a group that has controllers in its cgroup.subtree_control takes no processes: move them into "
            "a group below it, or clear the file");
      return error;
    }
    calls.pause(kMovePause);
  }
}

Status check_effective(const Fd& group, std::string_view where, std::string_view resource, std::string_view what) {
  // Without the file the controller is not enabled, and the group has what its parent has.
  const auto effective = read_group_file(group, fmt::format("cpuset.{}.effective", resource));
  if (!effective && effective.error().saved_errno() == ENOENT) return ok();
  if (!effective) return Error(effective.error()).context(std::string(where));
  if (!effective->empty()) return ok();
  return fail(ErrorCode::kInvalidArgument,
              "no process can be moved into {}: it has no {}, its cpuset.{}.effective is empty", where, what, resource)
      .with_hint(fmt::format("give cpuset.{} {} that are online and that the groups above it have", resource, what));
}

}  // namespace

Status move_each(const std::vector<int>& pids, const MoveCalls& calls) {
  std::size_t moved = 0, gone = 0;
  for (const int pid : pids) {
    Status status = move_one(pid, calls);
    if (status) {
      ++moved;
    } else if (status.error().saved_errno() == ESRCH) {
      ++gone;
    } else {
      return std::move(status).error().context(fmt::format("{} of {} processes were moved", moved, pids.size()));
    }
  }
  if (moved == 0 && gone > 0)
    return fail(ErrorCode::kNotFound, "none of the {} processes was moved: all of them have ended", pids.size());
  return ok();
}

Status prepare_for_processes(const Fd& group, std::string_view where) {
  KTSTR_TRY(check_effective(group, where, "cpus", "CPUs"));
  KTSTR_TRY(check_effective(group, where, "mems", "memory nodes"));

  constexpr const char* kSubtree = "cgroup.subtree_control";
  KTSTR_TRY_ASSIGN(const std::string enabled, read_group_file(group, kSubtree).context(std::string(where)));
  if (enabled.empty()) return ok();
  std::string disable;
  std::istringstream words(enabled);
  for (std::string controller; words >> controller;)
    disable += fmt::format("{}-{}", disable.empty() ? "" : " ", controller);
  KTSTR_TRY_ASSIGN(const auto children, child_groups(group));
  if (Status cleared = write_group_file(group, kSubtree, disable); !cleared)
    return std::move(cleared)
        .error()
        .context(fmt::format("{} passes the controllers '{}' on and so takes no processes", where, enabled))
        .with_hint("a group below it passes them on as well: move the processes into a group that has none below it");
  if (!children.empty())
    log_warn(
        "{} takes processes: it no longer passes '{}' on, so its {} child group(s), {} first, have no limits of these",
        where, enabled, children.size(), children.front());
  return ok();
}

}  // namespace ktstr
