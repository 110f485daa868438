// SPDX-License-Identifier: Apache-2.0
#include "scenario/oom_kills.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/text/kernel_message.h"
#include "scenario/executor_hooks.h"

namespace ktstr {

std::string OomKill::by() const { return of_cgroup ? "by the OOM killer of its cgroup" : "by the kernel's OOM killer"; }

std::optional<OomKill> oom_kill_in(std::string_view line) {
  // "Out of memory: Killed process 131 (stress-ng-vm) total-vm:...", "Memory cgroup out of memory: Killed process ...".
  constexpr std::string_view kKilled = ": Killed process ";
  const std::size_t at = line.find(kKilled);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = line.substr(at + kKilled.size());
  OomKill kill;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), kill.pid);
  const auto digits = static_cast<std::size_t>(end - rest.data());
  const std::size_t comm_end = rest.find(") ", digits);
  if (error != std::errc() || kill.pid <= 0 || rest.substr(digits, 2) != " (" || comm_end == std::string_view::npos)
    return {};
  kill.comm = rest.substr(digits + 2, comm_end - digits - 2);
  kill.of_cgroup = !line.starts_with("Out of memory");
  return kill;
}

OomLog OomLog::open(const char* log) {
  Fd fd(::open(log, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (fd.valid()) ::lseek(fd.get(), 0, SEEK_END);
  return OomLog(std::move(fd));
}

const std::vector<OomKill>& OomLog::look() {
  if (!log_.valid()) return seen_;
  // /dev/kmsg gives one record a read; EPIPE says that records were overwritten before they were read.
  char record[8192];
  for (;;) {
    const ssize_t got = ::read(log_.get(), record, sizeof record);
    if (got < 0 && (errno == EINTR || errno == EPIPE)) continue;
    if (got <= 0) return seen_;
    const auto message = parse_kernel_message({record, static_cast<std::size_t>(got)});
    if (!message || !message->of_kernel) continue;
    auto kill = oom_kill_in(message->text);
    if (kill && seen_.size() < kMostKept) seen_.push_back(*std::move(kill));
  }
}

const std::vector<OomKill>& OomKills::all() const {
  static const std::vector<OomKill> none;
  return hooks_.oom_kills ? hooks_.oom_kills() : none;
}

std::optional<OomKill> OomKills::of(int pid, std::size_t since) const {
  const auto& kills = all();
  for (std::size_t i = since; i < kills.size(); ++i)
    if (kills[i].pid == pid) return kills[i];
  return {};
}

std::optional<OomKill> OomKills::of_others(std::size_t since) const {
  const auto& kills = all();
  for (std::size_t i = since; i < kills.size(); ++i)
    if (!known_.contains(kills[i].pid)) return kills[i];
  return {};
}

}  // namespace ktstr
