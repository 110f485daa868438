// SPDX-License-Identifier: Apache-2.0
#include "cgroup/group_dir.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/system/task_seen.h"
#include "cgroup/events.h"

namespace ktstr {

namespace {

Result<Fd> open_at(const Fd& dir, std::string_view path, int flags) {
  const std::string name(path);
  int fd;
  do {
    fd = ::openat(dir.get(), name.c_str(), flags | O_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return fail_errno("cannot open {}", name);
  return Fd(fd);
}

}  // namespace

Result<Fd> open_group(const Fd& parent, std::string_view name) {
  return open_at(parent, name.empty() ? "." : name, O_RDONLY | O_DIRECTORY);
}

Result<std::string> read_group_file(const Fd& group, std::string_view file) {
  KTSTR_TRY_ASSIGN(const Fd fd, open_at(group, file, O_RDONLY));
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read {}", file);
    if (got == 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

Status write_group_file(const Fd& group, std::string_view file, std::string_view value) {
  KTSTR_TRY_ASSIGN(const Fd fd, open_at(group, file, O_WRONLY | O_TRUNC));
  // An empty write would not reach the attribute; the kernel strips the newline and sees the empty value.
  const std::string_view bytes = value.empty() ? "\n" : value;
  ssize_t put;
  do {
    put = ::write(fd.get(), bytes.data(), bytes.size());
  } while (put < 0 && errno == EINTR);
  if (put < 0) return fail_errno("cannot write '{}' to {}", value, file);
  if (static_cast<std::size_t>(put) != bytes.size())
    return fail(ErrorCode::kIo, "only {} of {} bytes went into {}", put, bytes.size(), file);
  return ok();
}

Result<std::vector<int>> read_processes(const Fd& group) {
  KTSTR_TRY_ASSIGN(const std::string text, read_group_file(group, "cgroup.procs"));
  std::vector<int> pids;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    int pid = 0;
    const auto [stop, error] = std::from_chars(at, end, pid);
    if (error != std::errc()) return fail(ErrorCode::kCorruptData, "cgroup.procs holds '{}'", text);
    pids.push_back(pid);
    at = stop != end && *stop == '\n' ? stop + 1 : stop;
  }
  return pids;
}

Result<std::vector<std::string>> child_groups(const Fd& group) {
  Fd copy(::fcntl(group.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) return fail_errno("cannot duplicate a directory descriptor");
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(copy.get()), [](DIR* d) { return ::closedir(d); });
  if (dir == nullptr) return fail_errno("cannot list a cgroup");
  copy.release();
  // The duplicate shares its position with `group`, which an earlier listing may have moved.
  ::rewinddir(dir.get());
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir.get()))
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  return names;
}

namespace {

// The last member can leave the group a moment after `populated` fell to 0, and no event tells.
constexpr Nanoseconds kDyingStep = std::chrono::milliseconds(20);

template <typename List>
std::string joined(const List& list) {
  std::string text;
  for (const auto& item : list) text += fmt::format("{}{}", text.empty() ? "" : ", ", item);
  return text;
}

}  // namespace

Status remove_group(const Fd& parent, std::string_view name, std::chrono::nanoseconds timeout) {
  const std::string path(name);
  const Nanoseconds deadline = monotonic_now() + timeout;
  const auto removed = [&] { return ::unlinkat(parent.get(), path.c_str(), AT_REMOVEDIR) == 0; };
  if (removed()) return ok();
  if (errno != EBUSY) return fail_errno("cannot remove {}", path);
  KTSTR_TRY_ASSIGN(const Fd group, open_group(parent, name));
  KTSTR_TRY_ASSIGN(const auto children, child_groups(group));
  if (!children.empty())
    return fail(ErrorCode::kInvalidArgument, "cannot remove {}: it has the child groups {}", path, joined(children));
  KTSTR_TRY_ASSIGN(EventsWatch events, EventsWatch::on(group));
  while (!removed()) {
    if (errno != EBUSY) return fail_errno("cannot remove {}", path);
    const Nanoseconds left = deadline - monotonic_now();
    if (left <= Nanoseconds(0)) {
      KTSTR_TRY_ASSIGN(const auto pids, read_processes(group));
      return fail(ErrorCode::kBusy, "cannot remove {}: after {} ms it still has the processes {}", path,
                  std::chrono::duration_cast<Milliseconds>(timeout).count(),
                  pids.empty() ? "(dying)" : describe_tasks("/proc", pids));
    }
    events.wait(std::min(left, kDyingStep));
  }
  return ok();
}

}  // namespace ktstr
