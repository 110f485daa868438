// SPDX-License-Identifier: Apache-2.0
#include "observed.h"

#include <fmt/ranges.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/clock.h"
#include "base/file.h"
#include "cgroup/cgroup_ops.h"
#include "scenario/executor.h"

namespace ktstr {

namespace {

std::string without_newline(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// By /proc/PID/stat: it is kthreadd or its child, and they come and go by themselves.
bool is_kernel_thread(const std::string& stat) {
  constexpr int kKthreadd = 2;
  int parent = 0;
  std::sscanf(stat.c_str() + stat.rfind(')') + 1, " %*c %d", &parent);
  return parent == kKthreadd || stat.starts_with("2 ");
}

}  // namespace

std::string Observer::cgroup(std::string_view group, std::string_view file) {
  const auto text = ctx_.cgroups().get(group, file);
  return text ? without_newline(*text) : "(no file)";
}

std::vector<int> Observer::pids(std::string_view group) {
  return ctx_.cgroups().processes(group).value_or(std::vector<int>());
}

std::string Observer::file(const std::string& path) {
  const auto text = read_text(path);
  return text ? without_newline(*text) : "(no file)";
}

std::string Observer::status(int pid, std::string_view key) {
  const std::string text = file(fmt::format("/proc/{}/status", pid));
  const std::string wanted = fmt::format("{}:", key);
  const std::size_t at = text.find("\n" + wanted);
  if (at == std::string::npos) return "(no such line)";
  const std::size_t start = text.find_first_not_of(" \t", at + 1 + wanted.size());
  return text.substr(start, text.find('\n', start) - start);
}

void Observer::equal(std::string_view what, const std::string& seen, const std::string& expected) {
  claims_.claim(seen == expected, fmt::format("{} is '{}' (seen: '{}')", what, expected, seen));
}

Result<AssertResult> observed(Ctx& ctx, const Backdrop& backdrop, const std::vector<Step>& steps,
                              const std::function<void(int step, Observer& see)>& look) {
  KTSTR_TRY_ASSIGN(ExecutorHooks hooks, ExecutorHooks::real(ctx.scheduler_pid()));
  Observer observer(ctx);
  int last = 0;
  hooks.hold_until = [&, hold = hooks.hold_until](int pid, Nanoseconds deadline) {
    if (std::exchange(last, ctx.step()) != ctx.step()) look(ctx.step(), observer);
    return hold(pid, deadline);
  };
  KTSTR_TRY_ASSIGN(AssertResult result, run_scenario(ctx, backdrop, steps, ctx.checks(), hooks));
  result.merge(observer.take());
  result.claim(last == static_cast<int>(steps.size()), "every step was looked at");
  return result;
}

std::string what_is_left(Ctx&) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator("/sys/fs/cgroup"))
    if (entry.is_directory()) found.push_back(entry.path().string().substr(std::string_view("/sys/fs/cgroup").size()));
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string stat = read_text(entry.path() / "stat").value_or("");
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos || is_kernel_thread(stat)) continue;
    found.push_back(stat.substr(0, name_end + 1) + (stat.compare(name_end, 3, ") Z") == 0 ? " zombie" : ""));
  }
  std::sort(found.begin(), found.end());
  return fmt::format("{}", fmt::join(found, ", "));
}

Bystander::Bystander(std::optional<std::chrono::nanoseconds> life) : pid_(::fork()) {
  if (pid_ != 0) return;
  if (life)
    sleep_for(*life);
  else
    ::pause();
  ::_exit(0);
}

void Bystander::end() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace ktstr
