// SPDX-License-Identifier: Apache-2.0
#include "observed.h"

#include <algorithm>
#include <memory>

#include "base/file.h"
#include "cgroup/cgroup_ops.h"
#include "scenario/executor.h"

namespace ktstr {

namespace {

std::string without_newline(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
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
    if (std::exchange(last, ctx.phase()) != ctx.phase()) look(ctx.phase(), observer);
    return hold(pid, deadline);
  };
  KTSTR_TRY_ASSIGN(AssertResult result, run_scenario(ctx, backdrop, steps, ctx.checks(), hooks));
  result.merge(observer.take());
  result.claim(last == static_cast<int>(steps.size()), "every step was looked at");
  return result;
}

std::string what_is_left(Ctx& ctx) {
  std::string left;
  for (const auto& entry : fs::directory_iterator("/sys/fs/cgroup/ktstr"))
    if (entry.is_directory()) left += entry.path().filename().string() + " ";
  const auto procs = ctx.cgroups().processes("");
  int processes = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    const bool is_pid = std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
    // Kernel threads come and go by themselves; they have no command line.
    if (is_pid && !read_text(entry.path() / "cmdline").value_or("").empty()) ++processes;
  }
  return fmt::format("{}{} processes", left, processes);
}

}  // namespace ktstr
