// SPDX-License-Identifier: Apache-2.0
#include "cgroup/recording_cgroup_ops.h"

#include <algorithm>
#include <cerrno>

#include "cgroup/group_name.h"
#include "cgroup/process_move.h"

namespace ktstr {

namespace {

// "", "a", "a/b" for "a/b": the groups that lead to it, itself included.
std::vector<std::string_view> path_to(std::string_view name) {
  std::vector<std::string_view> path = {""};
  for (std::size_t end = 0; end < name.size();) {
    end = std::min(name.find('/', end + 1), name.size());
    path.push_back(name.substr(0, end));
  }
  return path;
}

// Those whose resources threads of one process can be told apart in; a group passes them on and has processes
// (kernel/cgroup/cgroup.c, cgrp_dfl_threaded_ss_mask).
bool is_threaded(const std::string& controller) {
  return controller == "cpu" || controller == "cpuset" || controller == "perf_event" || controller == "pids";
}

std::string text_of(std::string_view name) { return name.empty() ? "." : std::string(name); }

}  // namespace

void RecordingCgroupOps::fail_call(std::size_t number, Error error) {
  failing_calls_.insert_or_assign(number, std::move(error));
}

void RecordingCgroupOps::fail_matching(std::string part, Error error) {
  failures_.push_back({std::move(part), std::move(error)});
}

bool RecordingCgroupOps::exists(std::string_view name) const { return groups_.find(name) != groups_.end(); }

std::vector<std::string> RecordingCgroupOps::groups() const {
  std::vector<std::string> names;
  for (const auto& [name, group] : groups_)
    if (!name.empty()) names.push_back(name);
  return names;
}

std::set<std::string> RecordingCgroupOps::enabled_controllers(std::string_view group) const {
  const auto found = groups_.find(group);
  return found == groups_.end() ? std::set<std::string>() : found->second.subtree_control;
}

bool RecordingCgroupOps::frozen(std::string_view name) const {
  const auto is_frozen = [this](std::string_view group) {
    const auto found = groups_.find(group);
    return found != groups_.end() && found->second.frozen;
  };
  const auto path = path_to(name);
  return exists(name) && std::any_of(path.begin(), path.end(), is_frozen);
}

void RecordingCgroupOps::forget_process(int pid) {
  for (auto& [name, group] : groups_) group.pids.erase(pid);
  ended_.insert(pid);
}

void RecordingCgroupOps::preset(std::string_view name, std::string_view file, std::string value) {
  groups_[std::string(name)].attributes.insert_or_assign(std::string(file), std::move(value));
}

Status RecordingCgroupOps::record(std::string call) {
  ++call_count_;
  calls_.push_back(std::move(call));
  if (const auto failing = failing_calls_.find(call_count_); failing != failing_calls_.end()) return failing->second;
  for (const Failure& failure : failures_)
    if (calls_.back().find(failure.part) != std::string::npos) return failure.error;
  return ok();
}

Result<RecordingCgroupOps::Group*> RecordingCgroupOps::find(std::string_view name) {
  KTSTR_TRY(check_group_name(name));
  const auto found = groups_.find(name);
  if (found == groups_.end()) return fail(ErrorCode::kNotFound, "there is no {}", group_text(name));
  return &found->second;
}

Status RecordingCgroupOps::enable_controllers(std::string_view group, const std::vector<std::string>& controllers) {
  std::string call = group.empty() ? "enable" : fmt::format("enable {}:", group);
  for (const auto& controller : controllers) call += " " + controller;
  KTSTR_TRY(record(std::move(call)));
  KTSTR_TRY(find(group));
  for (const std::string_view name : path_to(group))
    groups_.find(name)->second.subtree_control.insert(controllers.begin(), controllers.end());
  return ok();
}

Status RecordingCgroupOps::create(std::string_view name) {
  KTSTR_TRY(record("create " + text_of(name)));
  KTSTR_TRY(check_group_name(name));
  if (exists(name)) return fail(ErrorCode::kInvalidArgument, "{} exists already", group_text(name));
  const std::size_t slash = name.rfind('/');
  KTSTR_TRY(find(slash == std::string_view::npos ? std::string_view() : name.substr(0, slash)));
  groups_.emplace(name, Group{});
  return ok();
}

Status RecordingCgroupOps::remove(std::string_view name) {
  KTSTR_TRY(record("remove " + text_of(name)));
  if (name.empty()) return fail(ErrorCode::kInvalidArgument, "the root cgroup cannot be removed");
  KTSTR_TRY_ASSIGN(const Group* group, find(name));
  if (!group->pids.empty())
    return fail(ErrorCode::kBusy, "cannot remove {}: it {} the process {}", name,
                frozen(name) ? "is frozen and still has" : "still has", *group->pids.begin());
  const std::string below = std::string(name) + "/";
  const auto child = groups_.lower_bound(below);
  if (child != groups_.end() && child->first.starts_with(below))
    return fail(ErrorCode::kInvalidArgument, "cannot remove {}: it has the child group {}", name, child->first);
  groups_.erase(groups_.find(name));
  return ok();
}

Status RecordingCgroupOps::set(std::string_view name, std::string_view file, std::string_view value) {
  KTSTR_TRY(record(fmt::format("set {} {} {}", text_of(name), file, value)));
  KTSTR_TRY_ASSIGN(Group* const group, find(name));
  group->attributes.insert_or_assign(std::string(file), std::string(value));
  if (file == "cgroup.freeze") group->frozen = value == "1";
  return ok();
}

Result<std::string> RecordingCgroupOps::get(std::string_view name, std::string_view file) {
  KTSTR_TRY(record(fmt::format("get {} {}", text_of(name), file)));
  KTSTR_TRY_ASSIGN(const Group* group, find(name));
  const auto found = group->attributes.find(file);
  if (found == group->attributes.end())
    return fail(ErrorCode::kNotFound, "{} has no {} that was set or preset", group_text(name), file);
  return found->second;
}

Result<std::vector<int>> RecordingCgroupOps::processes(std::string_view name) {
  KTSTR_TRY(record("processes " + text_of(name)));
  KTSTR_TRY_ASSIGN(const Group* group, find(name));
  return std::vector<int>(group->pids.begin(), group->pids.end());
}

// The kernel's rule of no internal processes; the place outside is exempt.
Status RecordingCgroupOps::admit(std::string_view name, const Group& group) const {
  const auto& passed_on = group.subtree_control;
  const auto found = std::find_if_not(passed_on.begin(), passed_on.end(), is_threaded);
  if (name.empty() || found == passed_on.end()) return ok();
  return Error::from_errno(
      EBUSY, fmt::format("{} passes the controller '{}' on and so takes no processes", group_text(name), *found));
}

void RecordingCgroupOps::put(Group& group, int pid) {
  for (auto& [name, other] : groups_) other.pids.erase(pid);
  group.pids.insert(pid);
}

Status RecordingCgroupOps::move_process(std::string_view name, int pid) {
  KTSTR_TRY(record(fmt::format("move {} {}", text_of(name), pid)));
  KTSTR_TRY_ASSIGN(Group* const group, find(name));
  KTSTR_TRY(admit(name, *group));
  if (ended_.contains(pid)) return Error::from_errno(ESRCH, fmt::format("cannot move process {}", pid));
  put(*group, pid);
  return ok();
}

Status RecordingCgroupOps::move_processes(std::string_view name, const std::vector<int>& pids) {
  std::string call = "move " + text_of(name);
  for (const int pid : pids) call += fmt::format(" {}", pid);
  KTSTR_TRY(record(std::move(call)));
  KTSTR_TRY_ASSIGN(Group* const group, find(name));
  if (pids.empty()) return ok();
  for (const char* file : {"cpuset.cpus.effective", "cpuset.mems.effective"})
    if (const auto found = group->attributes.find(file); found != group->attributes.end() && found->second.empty())
      return fail(ErrorCode::kInvalidArgument, "no process can be moved into {}: its {} is empty", group_text(name),
                  file);
  if (!name.empty()) group->subtree_control.clear();
  const auto move = [&](int pid) -> Status {
    if (ended_.contains(pid)) return Error::from_errno(ESRCH, fmt::format("cannot move process {}", pid));
    put(*group, pid);
    return ok();
  };
  return move_each(pids, {.move = move, .pause = [](std::chrono::nanoseconds) {}});
}

Result<Fd> RecordingCgroupOps::directory(std::string_view name) {
  KTSTR_TRY(record("directory " + text_of(name)));
  KTSTR_TRY(find(name));
  return Fd();
}

Status RecordingCgroupOps::freeze(std::string_view name, bool frozen) {
  KTSTR_TRY(record((frozen ? "freeze " : "thaw ") + text_of(name)));
  KTSTR_TRY_ASSIGN(Group* const group, find(name));
  group->frozen = frozen;
  group->attributes.insert_or_assign("cgroup.freeze", frozen ? "1" : "0");
  return ok();
}

Status RecordingCgroupOps::kill_all(std::string_view name) {
  KTSTR_TRY(record("kill " + text_of(name)));
  KTSTR_TRY(find(name));
  const std::string below = std::string(name) + "/";
  for (auto& [each, group] : groups_) {
    // Under "" are the processes outside, which are not of the root group.
    const bool inside = name.empty() ? !each.empty() : each == name || each.starts_with(below);
    if (!inside) continue;
    ended_.insert(group.pids.begin(), group.pids.end());
    group.pids.clear();
  }
  return ok();
}

}  // namespace ktstr
