// SPDX-License-Identifier: Apache-2.0
#include "payload/process_tree.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/system/task_seen.h"
#include "payload/wait_readable.h"

namespace ktstr {

namespace {

constexpr Bytes kMostEnvironment = Bytes{8} << 20;  // ARG_MAX bounds it by a quarter of the stack limit

struct Stat {
  char state = '?';
  int parent = 0, group = 0, session = 0;
  std::uint64_t start = 0;
};

// None for one that has ended since the directory was listed.
std::optional<Stat> read_stat(const fs::path& process) {
  const auto text = read_text(process / "stat", Bytes{64} << 10);
  if (!text) return {};
  // The name in parentheses may hold some itself: proc_pid_stat(5).
  const std::size_t name_end = text->rfind(')');
  Stat stat;
  // Fields 3 to 6, and 22.
  constexpr const char* kForm = " %c %d %d %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64;
  if (name_end == std::string::npos || std::sscanf(text->c_str() + name_end + 1, kForm, &stat.state, &stat.parent,
                                                   &stat.group, &stat.session, &stat.start) < 4)
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

using Processes = std::map<int, Stat>;

Result<Processes> read_all(const fs::path& proc) {
  KTSTR_TRY_ASSIGN(const std::vector<int> pids, list_processes(proc));
  Processes all;
  for (const int pid : pids)
    if (const auto stat = read_stat(proc / std::to_string(pid))) all.emplace(pid, *stat);
  return all;
}

bool began_before(const Processes& all, int pid, const Stat& stat) {
  const auto found = all.find(pid);
  return found != all.end() && found->second.start <= stat.start;
}

bool is_orphan(const Processes& all, const Stat& stat, const PayloadOrigin& origin) {
  const auto reaper = all.find(origin.reaper);
  return reaper != all.end() && stat.parent == origin.reaper && stat.session != reaper->second.session &&
         began_before(all, origin.leader, stat) &&
         std::none_of(origin.others.begin(), origin.others.end(),
                      [&](int other) { return began_before(all, other, stat); });
}

bool is_own(const fs::path& proc, const Processes& all, int pid, const Stat& stat, const PayloadOrigin& origin) {
  return pid == origin.leader || stat.group == origin.leader || stat.session == origin.leader ||
         is_orphan(all, stat, origin) || carries(proc / std::to_string(pid), origin.mark);
}

constexpr int kMostStops = 32;  // rounds; one that gets away by setsid(2) in each of them is killed all the same
constexpr std::size_t kMostHandles = 64;
constexpr Nanoseconds kLongLook = std::chrono::milliseconds(1), kLongestTurn = std::chrono::milliseconds(20);
// That a killed process may wait in the kernel, or run there: what it does before it dies takes much less.
constexpr std::chrono::seconds kHangLimit{4};

using Identity = std::pair<int, std::uint64_t>;  // pid and start
Identity identity_of(const TreeProcess& process) { return {process.pid, process.start}; }

class TreeEnd {
 public:
  TreeEnd(const fs::path& proc, const PayloadOrigin& origin, Nanoseconds deadline)
      : proc_(proc), origin_(origin), deadline_(deadline), own_session_(::getsid(0)) {}

  Status run() {
    KTSTR_TRY(stop_all());
    for (;;) {
      KTSTR_TRY_ASSIGN(const auto living, look());
      if (living.empty()) break;
      for (std::size_t from = 0; from < living.size(); from += kMostHandles)
        KTSTR_TRY(kill(living, from, std::min(living.size(), from + kMostHandles)));
    }
    reap();
    return ok();
  }

 private:
  // Those that have not ended.
  Result<std::vector<TreeProcess>> look() {
    reap();
    // We may be real-time, and a look at many takes long: others get as long before the next.
    if (look_took_ >= kLongLook) sleep_for(std::min(look_took_, kLongestTurn));
    const Nanoseconds began = monotonic_now();
    KTSTR_TRY_ASSIGN(std::vector<TreeProcess> tree, payload_tree(proc_, origin_));
    look_took_ = monotonic_now() - began;
    for (const TreeProcess& process : tree)
      if (process.pid != origin_.leader) seen_.insert(process.pid);
    std::erase_if(tree, [](const TreeProcess& process) { return process.zombie; });
    if (!tree.empty() && monotonic_now() >= deadline_) return does_not_end(tree.front().pid, tree.size());
    return tree;
  }

  Status stop_all() {
    std::set<Identity> stopped;
    for (int round = 0; round < kMostStops; ++round) {
      KTSTR_TRY_ASSIGN(std::vector<TreeProcess> fresh, look());
      std::erase_if(fresh, [&](const TreeProcess& process) { return !stopped.insert(identity_of(process)).second; });
      if (fresh.empty()) return ok();
      KTSTR_TRY(stop(fresh));
    }
    return ok();
  }

  Status stop(const std::vector<TreeProcess>& processes) {
    std::set<int> groups;
    for (const TreeProcess& process : processes) {
      // Others than the payload's are only in our own session.
      const bool whole = process.session != own_session_ && process.session > 0 && process.group > 1;
      if (whole && !groups.insert(process.group).second) continue;
      const Status sent = whole ? stop_group(process.group) : stop_one(process);
      KTSTR_TRY(sent);
    }
    return ok();
  }

  static Status stop_group(int group) {
    if (::kill(-group, SIGSTOP) == 0 || errno == ESRCH) return ok();
    return fail_errno("cannot stop the processes of group {} of a payload", group);
  }

  Status stop_one(const TreeProcess& process) {
    KTSTR_TRY_ASSIGN(const Fd handle, open(process));
    if (!handle.valid() || ::syscall(SYS_pidfd_send_signal, handle.get(), SIGSTOP, nullptr, 0) == 0 || errno == ESRCH)
      return ok();
    return fail_errno("cannot stop process {} of a payload", process.pid);
  }

  // Not valid when it has ended. A pid may have become another's between the look and the handle.
  Result<Fd> open(const TreeProcess& process) {
    Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
    if (!handle.valid() && errno != ESRCH) return fail_errno("cannot open process {} of a payload", process.pid);
    if (!handle.valid()) return handle;
    const auto now = read_stat(proc_ / std::to_string(process.pid));
    if (!now || now->start != process.start) handle.reset();
    return handle;
  }

  // Few at a time: a thousand that all want a CPU to die on would keep it from everybody else, kernel threads included.
  Status kill(const std::vector<TreeProcess>& processes, std::size_t from, std::size_t end) {
    std::map<int, Fd> handles;
    for (std::size_t i = from; i < end; ++i) {
      KTSTR_TRY_ASSIGN(Fd handle, open(processes[i]));
      if (!handle.valid()) continue;
      if (::syscall(SYS_pidfd_send_signal, handle.get(), SIGKILL, nullptr, 0) != 0 && errno != ESRCH)
        return fail_errno("cannot kill process {} of a payload", processes[i].pid);
      handles.emplace(processes[i].pid, std::move(handle));
    }
    for (const auto& [pid, handle] : handles) {
      KTSTR_TRY_ASSIGN(const bool gone, wait_for_end(pid, handle));
      if (!gone) return does_not_end(pid, processes.size());
    }
    return ok();
  }

  // False: it hangs, or the deadline is past. One that only gets no CPU to die on has until then.
  Result<bool> wait_for_end(int pid, const Fd& handle) const {
    for (TaskSeen before = look_at_task(proc_, pid);;) {
      const Nanoseconds now = monotonic_now();
      KTSTR_TRY_ASSIGN(const bool gone, wait_readable(handle, std::min(deadline_, now + Nanoseconds(kHangLimit))));
      if (gone || monotonic_now() >= deadline_) return gone;
      TaskSeen after = look_at_task(proc_, pid);
      const std::uint64_t ran = after.cpu_ns - before.cpu_ns;
      const bool waits = before.state == 'D' && after.state == 'D' && ran == 0;
      const bool runs = after.state == 'R' && ran > static_cast<std::uint64_t>(Nanoseconds(kHangLimit).count()) / 2;
      if (waits || runs) return false;
      before = std::move(after);
    }
  }

  // A process becomes our child when the last of its parents has ended. ECHILD: its parent reaped it.
  void reap() {
    for (auto pid = seen_.begin(); pid != seen_.end();)
      pid = ::waitpid(*pid, nullptr, WNOHANG) == *pid ? seen_.erase(pid) : std::next(pid);
  }

  Error does_not_end(int pid, std::size_t count) const {
    return fail(ErrorCode::kTimedOut, "SIGKILL does not end process {}{}", look_at_task(proc_, pid).describe(),
                count > 1 ? fmt::format(", one of {}", count) : "")
        .with_hint(monotonic_now() < deadline_ ? "it hangs in the kernel" : "the scheduler gives it no CPU to die on");
  }

  const fs::path& proc_;
  const PayloadOrigin& origin_;
  const Nanoseconds deadline_;
  const int own_session_;
  std::set<int> seen_;  // that may have to be reaped
  Nanoseconds look_took_{0};
};

}  // namespace

Result<std::vector<TreeProcess>> payload_tree(const fs::path& proc, const PayloadOrigin& origin) {
  KTSTR_TRY_ASSIGN(const auto all, read_all(proc));
  std::set<int> members;
  for (const auto& [pid, stat] : all)
    if (is_own(proc, all, pid, stat, origin)) members.insert(pid);
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& [pid, stat] : all)
      if (members.contains(stat.parent)) grown |= members.insert(pid).second;
  }
  std::vector<TreeProcess> tree;
  for (const int pid : members)
    if (const auto found = all.find(pid); found != all.end())
      tree.push_back({pid, found->second.state == 'Z' || found->second.state == 'X', found->second.group,
                      found->second.session, found->second.start});
  return tree;
}

Status end_payload_tree(const fs::path& proc, const PayloadOrigin& origin, Nanoseconds deadline) {
  return TreeEnd(proc, origin, deadline).run();
}

}  // namespace ktstr
