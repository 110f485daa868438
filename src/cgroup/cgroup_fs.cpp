// SPDX-License-Identifier: Apache-2.0
#include "cgroup/cgroup_fs.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "cgroup/attribute_file.h"
#include "cgroup/controllers.h"
#include "cgroup/events.h"
#include "cgroup/group_dir.h"
#include "cgroup/group_name.h"
#include "cgroup/process_move.h"

namespace ktstr {

namespace {

// Of a group whose removal is tried after that of another one has timed out.
constexpr std::chrono::nanoseconds kFurtherPatience = std::chrono::milliseconds(200);

std::string place_text(std::string_view name) {
  return name.empty() ? "the group outside of the scenario" : group_text(name);
}

Result<Fd> open_cgroup2(const fs::path& path) {
  KTSTR_TRY_ASSIGN(Fd group, open_file(path, O_RDONLY | O_DIRECTORY).context("open a group of cgroup v2"));
  if (!read_group_file(group, "cgroup.controllers"))
    return fail(ErrorCode::kUnsupported, "{} is not a group of cgroup v2: it has no cgroup.controllers", path.string())
        .with_hint("mount -t cgroup2 none " + path.string());
  return group;
}

std::string why_still(const Fd& group, bool frozen) {
  if (frozen)
    return "a task that sleeps uninterruptibly, or that gets no CPU, does not come to the point where it freezes";
  const auto above = open_group(group, "..");
  const auto is_frozen = above ? read_event(*above, "frozen") : Result<bool>(false);
  return is_frozen.value_or(false) ? "the group above is frozen: thaw that one first"
                                   : "the kernel thaws a group at once; somebody else froze it again";
}

}  // namespace

Result<CgroupFs> CgroupFs::create(const fs::path& parent, std::string name, CgroupFsOptions options) {
  KTSTR_TRY(check_group_name(name));
  if (name.empty() || name.find('/') != std::string::npos)
    return fail(ErrorCode::kInvalidArgument, "'{}' must be one component to be the root group", name);
  KTSTR_TRY_ASSIGN(Fd parent_fd, open_cgroup2(parent));
  if (options.outside.empty()) options.outside = parent;
  KTSTR_TRY_ASSIGN(Fd outside, open_cgroup2(options.outside));
  const std::string path = (parent / name).string();
  if (::mkdirat(parent_fd.get(), name.c_str(), 0755) != 0) {
    if (errno == EEXIST)
      return fail(ErrorCode::kInvalidArgument, "{} exists already", path)
          .with_hint("another run uses it, or one that died left it: remove it with rmdir");
    if (errno == EACCES || errno == EPERM)
      return fail_errno("cannot make {}", path)
          .with_hint("run as root, or have a group delegated: 'systemd-run --user --scope -p Delegate=yes COMMAND'");
    return fail_errno("cannot make {}", path);
  }
  auto root = open_group(parent_fd, name);
  if (!root) {
    ::unlinkat(parent_fd.get(), name.c_str(), AT_REMOVEDIR);
    return std::move(root).error().context(path);
  }
  return CgroupFs(std::move(parent_fd), *std::move(root), std::move(outside), parent, std::move(name),
                  std::move(options));
}

CgroupFs::CgroupFs(Fd parent, Fd root, Fd outside, fs::path parent_path, std::string name, CgroupFsOptions options)
    : parent_(std::move(parent)),
      root_(std::move(root)),
      outside_(std::move(outside)),
      parent_path_(std::move(parent_path)),
      outside_path_(std::move(options.outside)),
      root_name_(std::move(name)),
      remove_timeout_(options.remove_timeout),
      event_timeout_(options.event_timeout),
      patience_(options.remove_timeout) {}

CgroupFs& CgroupFs::operator=(CgroupFs&& other) noexcept {
  if (this != &other) {
    const CgroupFs old(std::move(*this));
    parent_ = std::move(other.parent_);
    root_ = std::move(other.root_);
    outside_ = std::move(other.outside_);
    parent_path_ = std::move(other.parent_path_);
    outside_path_ = std::move(other.outside_path_);
    root_name_ = std::move(other.root_name_);
    remove_timeout_ = other.remove_timeout_;
    event_timeout_ = other.event_timeout_;
    patience_ = other.patience_;
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
  return remove_group(parent_, root_name_, remove_timeout_).context(parent_path_.string());
}

Status CgroupFs::enable_controllers(std::string_view name, const std::vector<std::string>& controllers) {
  KTSTR_TRY(check_group_name(name));
  const fs::path root_path = parent_path_ / root_name_;
  std::vector<Fd> opened;
  std::vector<std::string> names;
  for (std::size_t end = 0; end < name.size();) {
    end = std::min(name.find('/', end + 1), name.size());
    names.emplace_back(name.substr(0, end));
    KTSTR_TRY_ASSIGN(Fd group_fd, group(names.back()));
    opened.push_back(std::move(group_fd));
  }
  std::vector<ControllerLevel> levels = {{&parent_, parent_path_.string()}, {&root_, root_path.string()}};
  for (std::size_t i = 0; i < opened.size(); ++i) levels.push_back({&opened[i], (root_path / names[i]).string()});
  return enable_controllers_along(levels, controllers);
}

Status CgroupFs::create(std::string_view name) {
  KTSTR_TRY(check_group_name(name));
  if (name.empty()) return fail(ErrorCode::kInvalidArgument, "the root cgroup exists already");
  if (::mkdirat(root_.get(), std::string(name).c_str(), 0755) == 0) return ok();
  if (errno == EEXIST) return fail(ErrorCode::kInvalidArgument, "{} exists already", group_text(name));
  if (errno == EAGAIN)
    return fail(ErrorCode::kNoSpace, "cannot create {}: a limit on groups is reached", group_text(name))
        .with_hint("raise cgroup.max.depth or cgroup.max.descendants of the groups above it");
  return fail_errno("cannot create {}", group_text(name));
}

Status CgroupFs::remove(std::string_view name) {
  KTSTR_TRY(check_group_name(name));
  if (name.empty()) return fail(ErrorCode::kInvalidArgument, "the root cgroup goes with close(), not with remove()");
  Status removed = remove_group(root_, name, patience_);
  // A second one's members have had the time that the first one was waited for.
  const bool waited = !removed && removed.error().code() == ErrorCode::kBusy;
  patience_ = waited ? std::min(kFurtherPatience, remove_timeout_) : remove_timeout_;
  return std::move(removed).context(group_text(name));
}

Result<Fd> CgroupFs::group(std::string_view name) const {
  KTSTR_TRY(check_group_name(name));
  return open_group(root_, name).context(group_text(name));
}

Result<Fd> CgroupFs::directory(std::string_view name) {
  if (name.empty()) return open_group(outside_, "").context(place_text(name));
  return group(name);
}

Status CgroupFs::set(std::string_view name, std::string_view file, std::string_view value) {
  KTSTR_TRY_ASSIGN(const Fd fd, group(name));
  return set_attribute_file(fd, group_text(name), file, value);
}

Result<std::string> CgroupFs::get(std::string_view name, std::string_view file) {
  KTSTR_TRY_ASSIGN(const Fd fd, group(name));
  return read_attribute_file(fd, group_text(name), file);
}

Result<std::vector<int>> CgroupFs::processes(std::string_view name) {
  KTSTR_TRY_ASSIGN(const Fd fd, directory(name));
  return read_processes(fd).context(place_text(name));
}

Status CgroupFs::move_process(std::string_view name, int pid) {
  KTSTR_TRY_ASSIGN(const Fd fd, directory(name));
  return write_group_file(fd, "cgroup.procs", fmt::format("{}", pid))
      .context(place_text(name))
      .context(fmt::format("move process {}", pid));
}

Status CgroupFs::move_processes(std::string_view name, const std::vector<int>& pids) {
  if (pids.empty()) return ok();
  KTSTR_TRY_ASSIGN(const Fd fd, directory(name));
  // The group outside is not ours to change.
  if (!name.empty()) KTSTR_TRY(prepare_for_processes(fd, place_text(name)));
  return move_each(pids, {.move = [&](int pid) { return move_process(name, pid); }, .pause = sleep_for});
}

Status CgroupFs::freeze(std::string_view name, bool frozen) {
  KTSTR_TRY_ASSIGN(const Fd fd, group(name));
  KTSTR_TRY(set_attribute_file(fd, group_text(name), "cgroup.freeze", frozen ? "1" : "0"));
  Status waited = await_event(fd, "frozen", frozen, event_timeout_);
  if (waited) return ok();
  Error error = std::move(waited).error().context(fmt::format("{} {}", frozen ? "freeze" : "thaw", group_text(name)));
  if (error.code() == ErrorCode::kTimedOut) error.with_hint(why_still(fd, frozen));
  return error;
}

Status CgroupFs::kill_all(std::string_view name) {
  KTSTR_TRY_ASSIGN(const Fd fd, group(name));
  KTSTR_TRY(write_attribute_file(fd, group_text(name), "cgroup.kill", "1"));
  Status waited = await_event(fd, "populated", false, event_timeout_);
  if (waited) return ok();
  Error error = std::move(waited).error().context("kill everything in " + group_text(name));
  if (error.code() == ErrorCode::kTimedOut)
    error.with_hint("a task that sleeps uninterruptibly, or that gets no CPU, does not come to its end");
  return error;
}

}  // namespace ktstr
