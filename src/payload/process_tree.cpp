// SPDX-License-Identifier: Apache-2.0
#include "payload/process_tree.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <optional>
#include <set>

#include "payload/wait_readable.h"

namespace ktstr {

namespace {

constexpr Bytes kMostEnvironment = Bytes{8} << 20;  // ARG_MAX bounds it by a quarter of the stack limit

struct Stat {
  char state = '?';
  int parent = 0, group = 0, session = 0;
};

// None for one that has ended since the directory was listed.
std::optional<Stat> read_stat(const fs::path& process) {
  const auto text = read_text(process / "stat", Bytes{64} << 10);
  if (!text) return {};
  // The name in parentheses may hold some itself: proc_pid_stat(5).
  const std::size_t name_end = text->rfind(')');
  Stat stat;
  if (name_end == std::string::npos || std::sscanf(text->c_str() + name_end + 1, " %c %d %d %d", &stat.state,
                                                   &stat.parent, &stat.group, &stat.session) != 4)
    return {};
  return stat;
}

bool carries(const fs::path& process, std::string_view mark) {
  // Nothing to read in one that has ended since, and in one that we may not look at.
  const auto environment = read_text(process / "environ", kMostEnvironment);
  if (!environment) return false;
  std::string_view rest = *environment;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    if (rest.substr(0, end) == mark) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

Result<std::map<int, Stat>> read_all(const fs::path& proc) {
  std::error_code error;
  fs::directory_iterator entries(proc, error);
  if (error) return Error::from_errno(error.value(), fmt::format("cannot list {}", proc.string()));
  std::map<int, Stat> all;
  for (; entries != fs::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    int pid = 0;
    const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (failure != std::errc{} || end != name.data() + name.size()) continue;
    if (const auto stat = read_stat(entries->path())) all.emplace(pid, *stat);
  }
  if (error) return Error::from_errno(error.value(), fmt::format("cannot list {}", proc.string()));
  return all;
}

bool is_own(const fs::path& proc, int pid, const Stat& stat, int leader, std::string_view mark) {
  return pid == leader || stat.group == leader || stat.session == leader || carries(proc / std::to_string(pid), mark);
}

// Handles of those that are not held yet and have not ended.
Result<std::map<int, Fd>> open_new(const std::vector<TreeProcess>& tree, const std::map<int, Fd>& held) {
  std::map<int, Fd> opened;
  for (const auto& [pid, zombie] : tree) {
    if (zombie || held.contains(pid)) continue;
    Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd.valid() && errno == ESRCH) continue;
    if (!pidfd.valid()) return fail_errno("cannot open process {} of a payload", pid);
    opened.emplace(pid, std::move(pidfd));
  }
  return opened;
}

// Stops and holds what is not held yet; gives whether there was any.
Result<bool> stop_new(const fs::path& proc, int leader, std::string_view mark, std::map<int, Fd>& held,
                      std::set<int>& zombies) {
  KTSTR_TRY_ASSIGN(const std::vector<TreeProcess> tree, payload_tree(proc, leader, mark));
  for (const auto& [pid, zombie] : tree)
    if (zombie) zombies.insert(pid);
  KTSTR_TRY_ASSIGN(auto opened, open_new(tree, held));
  if (opened.empty()) return false;
  // A pid may have become another's between the look and the handle; a handle's does not change.
  KTSTR_TRY_ASSIGN(const std::vector<TreeProcess> now, payload_tree(proc, leader, mark));
  bool any = false;
  for (const auto& [pid, zombie] : now) {
    const auto handle = opened.find(pid);
    if (zombie || handle == opened.end()) continue;
    if (::syscall(SYS_pidfd_send_signal, handle->second.get(), SIGSTOP, nullptr, 0) != 0 && errno != ESRCH)
      return fail_errno("cannot stop process {} of a payload", pid);
    held.emplace(pid, std::move(handle->second));
    any = true;
  }
  return any;
}

Status kill_all(const std::map<int, Fd>& held, Nanoseconds deadline) {
  for (const auto& [pid, pidfd] : held)
    if (::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0) != 0 && errno != ESRCH)
      return fail_errno("cannot kill process {} of a payload", pid);
  for (const auto& [pid, pidfd] : held) {
    KTSTR_TRY_ASSIGN(const bool gone, wait_readable(pidfd, deadline));
    if (!gone)
      return fail(ErrorCode::kTimedOut, "process {} of a payload was killed and does not end", pid)
          .with_hint("it waits in the kernel, or the scheduler gives it no CPU to die on");
  }
  return ok();
}

}  // namespace

Result<std::vector<TreeProcess>> payload_tree(const fs::path& proc, int leader, std::string_view mark) {
  KTSTR_TRY_ASSIGN(const auto all, read_all(proc));
  std::set<int> members;
  for (const auto& [pid, stat] : all)
    if (is_own(proc, pid, stat, leader, mark)) members.insert(pid);
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& [pid, stat] : all)
      if (members.contains(stat.parent)) grown |= members.insert(pid).second;
  }
  std::vector<TreeProcess> tree;
  for (const int pid : members)
    if (const auto found = all.find(pid); found != all.end())
      tree.push_back({pid, found->second.state == 'Z' || found->second.state == 'X'});
  return tree;
}

Status end_payload_tree(const fs::path& proc, int leader, std::string_view mark, Nanoseconds deadline) {
  std::set<int> ended;
  for (bool again = true; again;) {
    std::map<int, Fd> held;
    do {
      KTSTR_TRY_ASSIGN(again, stop_new(proc, leader, mark, held, ended));
    } while (again);
    KTSTR_TRY(kill_all(held, deadline));
    for (const auto& entry : held) ended.insert(entry.first);
    // One in the middle of execve(2) has no environment to be told by; it has by the next look.
    again = !held.empty();
  }
  // Only now: a process becomes our child when the last of its parents has ended. ECHILD: its parent reaped it.
  ended.erase(leader);
  for (const int pid : ended) ::waitpid(pid, nullptr, WNOHANG);
  return ok();
}

}  // namespace ktstr
