// SPDX-License-Identifier: Apache-2.0
#include "cgroup/cgroup_fs.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <sstream>

#include "base/log.h"
#include "cgroup/attribute.h"
#include "cgroup/group_dir.h"
#include "cgroup/group_name.h"

namespace ktstr {

namespace {

bool lists(const std::string& text, const std::string& word) {
  std::istringstream stream(text);
  for (std::string each; stream >> each;)
    if (each == word) return true;
  return false;
}

// Enables `controller` for the children of `group`, which `where` names.
Status enable_controller(const Fd& group, const std::string& where, const std::string& controller) {
  constexpr const char* kFile = "cgroup.subtree_control";
  KTSTR_TRY_ASSIGN(const std::string before, read_group_file(group, kFile).context(where));
  if (lists(before, controller)) return ok();
  KTSTR_TRY_ASSIGN(const std::string offered, read_group_file(group, "cgroup.controllers").context(where));
  if (!lists(offered, controller))
    return fail(ErrorCode::kUnsupported, "{} does not offer the controller '{}'; its cgroup.controllers lists '{}'",
                where, controller, offered)
        .with_hint("a controller is missing where the kernel lacks it or a cgroup v1 hierarchy holds it");
  KTSTR_TRY(
      write_group_file(group, kFile, "+" + controller)
          .context(fmt::format("enable the controller '{}' in {}, which offers '{}'", controller, where, offered)));
  KTSTR_TRY_ASSIGN(const std::string after, read_group_file(group, kFile).context(where));
  if (!lists(after, controller))
    return fail(ErrorCode::kIo, "the controller '{}' was enabled in {}, but its {} shows '{}'", controller, where,
                kFile, after);
  return ok();
}

}  // namespace

Result<CgroupFs> CgroupFs::create(const fs::path& mount, std::string name, std::chrono::nanoseconds remove_timeout) {
  KTSTR_TRY(check_group_name(name));
  if (name.empty() || name.find('/') != std::string::npos)
    return fail(ErrorCode::kInvalidArgument, "'{}' must be one component to be the root group", name);
  KTSTR_TRY_ASSIGN(Fd mount_fd, open_file(mount, O_RDONLY | O_DIRECTORY).context("open the cgroup2 mount"));
  if (!read_group_file(mount_fd, "cgroup.controllers"))
    return fail(ErrorCode::kUnsupported, "{} is no cgroup2 mount: it has no cgroup.controllers", mount.string())
        .with_hint("mount -t cgroup2 none " + mount.string());
  if (::mkdirat(mount_fd.get(), name.c_str(), 0755) != 0) {
    if (errno == EEXIST)
      return fail(ErrorCode::kInvalidArgument, "{} exists already", (mount / name).string())
          .with_hint("another run uses it, or one that died left it: remove it with rmdir");
    return fail_errno("cannot make {}", (mount / name).string());
  }
  KTSTR_TRY_ASSIGN(Fd root, open_group(mount_fd, name).context((mount / name).string()));
  return CgroupFs(std::move(mount_fd), std::move(root), mount, std::move(name), remove_timeout);
}

CgroupFs::CgroupFs(Fd mount, Fd root, fs::path mount_path, std::string name, std::chrono::nanoseconds remove_timeout)
    : mount_(std::move(mount)),
      root_(std::move(root)),
      mount_path_(std::move(mount_path)),
      root_name_(std::move(name)),
      remove_timeout_(remove_timeout) {}

CgroupFs& CgroupFs::operator=(CgroupFs&& other) noexcept {
  if (this != &other) {
    const CgroupFs old(std::move(*this));
    mount_ = std::move(other.mount_);
    root_ = std::move(other.root_);
    mount_path_ = std::move(other.mount_path_);
    root_name_ = std::move(other.root_name_);
    remove_timeout_ = other.remove_timeout_;
  }
  return *this;
}

CgroupFs::~CgroupFs() {
  remove_timeout_ = {};
  if (const Status closed = close(); !closed) log_warn("{}", closed.error().render());
}

Status CgroupFs::close() {
  if (!root_.valid()) return ok();
  root_.reset();
  return remove_group(mount_, root_name_, remove_timeout_).context(mount_path_.string());
}

Status CgroupFs::enable_controllers(std::string_view group, const std::vector<std::string>& controllers) {
  for (const std::string& controller : controllers) {
    // A group can only pass on what its parent gave it, so the order is from the mount down.
    KTSTR_TRY(enable_controller(mount_, mount_path_.string(), controller));
    KTSTR_TRY(enable_controller(root_, (mount_path_ / root_name_).string(), controller));
    for (std::size_t end = group.empty() ? std::string_view::npos : 0; end != std::string_view::npos;) {
      end = group.find('/', end + 1);
      const std::string_view part = group.substr(0, end);
      KTSTR_TRY_ASSIGN(const Fd directory, open_group(root_, part).context(group_text(part)));
      KTSTR_TRY(enable_controller(directory, group_text(part), controller));
    }
  }
  return ok();
}

Status CgroupFs::create(std::string_view name) {
  KTSTR_TRY(check_group_name(name));
  if (name.empty()) return fail(ErrorCode::kInvalidArgument, "the root cgroup exists already");
  if (::mkdirat(root_.get(), std::string(name).c_str(), 0755) == 0) return ok();
  if (errno == EEXIST) return fail(ErrorCode::kInvalidArgument, "cgroup {} exists already", name);
  return fail_errno("cannot create cgroup {}", name);
}

Status CgroupFs::remove(std::string_view name) {
  KTSTR_TRY(check_group_name(name));
  if (name.empty()) return fail(ErrorCode::kInvalidArgument, "the root cgroup goes with close(), not with remove()");
  return remove_group(root_, name, remove_timeout_).context(group_text(name));
}

Result<Fd> CgroupFs::directory(std::string_view name) {
  KTSTR_TRY(check_group_name(name));
  return open_group(root_, name).context(group_text(name));
}

Status CgroupFs::write_attribute(std::string_view name, std::string_view file, std::string_view value) {
  KTSTR_TRY_ASSIGN(const Fd group, directory(name));
  return write_group_file(group, file, value).context(group_text(name));
}

Status CgroupFs::set(std::string_view name, std::string_view file, std::string_view value) {
  KTSTR_TRY(write_attribute(name, file, value));
  if (!attribute_echoes(file)) return ok();
  KTSTR_TRY_ASSIGN(const std::string shown, get(name, file));
  if (!attribute_shows(file, value, shown))
    return fail(ErrorCode::kIo, "{} of {} was set to '{}' and shows '{}'", file, group_text(name), value, shown);
  return ok();
}

Result<std::string> CgroupFs::get(std::string_view name, std::string_view file) {
  KTSTR_TRY_ASSIGN(const Fd group, directory(name));
  return read_group_file(group, file).context(group_text(name));
}

Result<std::vector<int>> CgroupFs::processes(std::string_view name) {
  KTSTR_TRY_ASSIGN(const Fd group, directory(name));
  return read_processes(group).context(group_text(name));
}

Status CgroupFs::move_process(std::string_view name, int pid) {
  return write_attribute(name, "cgroup.procs", fmt::format("{}", pid)).context(fmt::format("move process {}", pid));
}

Status CgroupFs::move_processes(std::string_view name, const std::vector<int>& pids) {
  std::size_t gone = 0;
  for (const int pid : pids) {
    const std::string text = std::to_string(pid);
    const Status moved = name.empty() ? write_group_file(mount_, "cgroup.procs", text).context(mount_path_.string())
                                      : write_attribute(name, "cgroup.procs", text);
    if (moved) continue;
    if (moved.error().saved_errno() != ESRCH) return Status(moved).context(fmt::format("move process {}", pid));
    ++gone;
  }
  if (gone == pids.size()) return fail(ErrorCode::kNotFound, "none of the {} processes to be moved is there", gone);
  return ok();
}

Status CgroupFs::freeze(std::string_view name, bool frozen) {
  return write_attribute(name, "cgroup.freeze", frozen ? "1" : "0");
}

Status CgroupFs::kill_all(std::string_view name) { return write_attribute(name, "cgroup.kill", "1"); }

}  // namespace ktstr
