// SPDX-License-Identifier: Apache-2.0
#include "cgroup/recording_cgroup_ops.h"

#include "cgroup/group_name.h"

namespace ktstr {

namespace {

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

void RecordingCgroupOps::forget_process(int pid) {
  for (auto& [name, group] : groups_) group.pids.erase(pid);
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

Status RecordingCgroupOps::enable_controllers(std::string_view name, const std::vector<std::string>& controllers) {
  std::string call = name.empty() ? "enable" : fmt::format("enable {}:", name);
  for (const auto& controller : controllers) call += " " + controller;
  KTSTR_TRY(record(std::move(call)));
  controllers_.insert(controllers.begin(), controllers.end());
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
    return fail(ErrorCode::kBusy, "cannot remove {}: it still has the process {}", name, *group->pids.begin());
  const std::string below = std::string(name) + "/";
  const auto child = groups_.lower_bound(below);
  if (child != groups_.end() && child->first.starts_with(below))
    return fail(ErrorCode::kBusy, "cannot remove {}: it has the child group {}", name, child->first);
  groups_.erase(groups_.find(name));
  return ok();
}

Status RecordingCgroupOps::set(std::string_view name, std::string_view file, std::string_view value) {
  KTSTR_TRY(record(fmt::format("set {} {} {}", text_of(name), file, value)));
  KTSTR_TRY_ASSIGN(Group* const group, find(name));
  group->attributes.insert_or_assign(std::string(file), std::string(value));
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

Status RecordingCgroupOps::move_process(std::string_view name, int pid) {
  KTSTR_TRY(record(fmt::format("move {} {}", text_of(name), pid)));
  KTSTR_TRY_ASSIGN(Group* const group, find(name));
  forget_process(pid);
  group->pids.insert(pid);
  return ok();
}

Status RecordingCgroupOps::move_processes(std::string_view name, const std::vector<int>& pids) {
  std::string call = "move " + text_of(name);
  for (const int pid : pids) call += fmt::format(" {}", pid);
  KTSTR_TRY(record(std::move(call)));
  KTSTR_TRY_ASSIGN(Group* const group, find(name));
  for (const int pid : pids) forget_process(pid);
  // Whoever moves out of all groups is no member of any.
  if (!name.empty()) group->pids.insert(pids.begin(), pids.end());
  return ok();
}

Status RecordingCgroupOps::freeze(std::string_view name, bool frozen) {
  KTSTR_TRY(record(fmt::format("{} {}", frozen ? "freeze" : "thaw", text_of(name))));
  KTSTR_TRY(find(name));
  return ok();
}

Result<Fd> RecordingCgroupOps::directory(std::string_view name) {
  KTSTR_TRY(record("directory " + text_of(name)));
  KTSTR_TRY(find(name));
  return Fd();
}

Status RecordingCgroupOps::kill_all(std::string_view name) {
  KTSTR_TRY(record("kill " + text_of(name)));
  KTSTR_TRY_ASSIGN(Group* const group, find(name));
  group->pids.clear();
  return ok();
}

}  // namespace ktstr
