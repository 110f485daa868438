// SPDX-License-Identifier: Apache-2.0
#include "payload/leftovers.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "payload/wait_readable.h"

namespace ktstr {

namespace {

constexpr Bytes kMostEnvironment = Bytes{8} << 20;  // ARG_MAX bounds it by a quarter of the stack limit

bool carries(const fs::path& process, std::string_view mark) {
  // One that has ended since, or that we may not look at, is none of ours.
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

// Opened before the mark is looked at again: the pid may be another's by now.
Fd open_marked(const fs::path& proc, int pid, std::string_view mark) {
  Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd.valid() || !carries(proc / std::to_string(pid), mark)) return {};
  return pidfd;
}

}  // namespace

Result<std::vector<int>> marked_processes(const fs::path& proc, std::string_view mark) {
  std::error_code error;
  fs::directory_iterator entries(proc, error);
  if (error) return Error::from_errno(error.value(), fmt::format("cannot list {}", proc.string()));
  std::vector<int> pids;
  for (; entries != fs::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    int pid = 0;
    const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (failure != std::errc{} || end != name.data() + name.size()) continue;
    if (carries(entries->path(), mark)) pids.push_back(pid);
  }
  if (error) return Error::from_errno(error.value(), fmt::format("cannot list {}", proc.string()));
  std::sort(pids.begin(), pids.end());
  return pids;
}

Result<int> end_marked_processes(const fs::path& proc, std::string_view mark, Nanoseconds deadline) {
  std::set<int> ended;
  for (;;) {
    KTSTR_TRY_ASSIGN(const std::vector<int> pids, marked_processes(proc, mark));
    std::vector<Fd> pidfds;
    std::vector<int> killed;
    for (const int pid : pids) {
      Fd pidfd = open_marked(proc, pid, mark);
      if (!pidfd.valid()) continue;
      if (::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0) != 0 && errno != ESRCH)
        return fail_errno("cannot kill process {}, which a payload left behind", pid);
      pidfds.push_back(std::move(pidfd));
      killed.push_back(pid);
    }
    if (killed.empty()) break;
    for (std::size_t i = 0; i < killed.size(); ++i) {
      KTSTR_TRY_ASSIGN(const bool gone, wait_readable(pidfds[i], deadline));
      if (!gone)
        return fail(ErrorCode::kTimedOut, "process {}, which a payload left behind, was killed and does not end",
                    killed[i])
            .with_hint("it waits in the kernel, or the scheduler gives it no CPU to die on");
    }
    ended.insert(killed.begin(), killed.end());
  }
  // Only now: a process becomes our child when the last of its parents has ended. ECHILD: it was its parent's.
  for (const int pid : ended) ::waitpid(pid, nullptr, WNOHANG);
  return static_cast<int>(ended.size());
}

}  // namespace ktstr
