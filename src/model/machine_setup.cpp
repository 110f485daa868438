// SPDX-License-Identifier: Apache-2.0
#include "model/machine_setup.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

namespace ktstr {

namespace {

bool is_plain(std::string_view path) {
  if (path.find('\0') != path.npos || path.find('\n') != path.npos || path.ends_with('/')) return false;
  const std::filesystem::path parts(path);
  return std::none_of(parts.begin(), parts.end(), [](const auto& part) { return part == ".." || part == "."; });
}

Error refused(std::string_view text, std::string_view why, std::string_view like) {
  return fail(ErrorCode::kInvalidArgument, "'{}' {}; accepted: like \"{}\"", text, why, like);
}

// "a.b.c" and "a/b/c" are /proc/sys/a/b/c. In a name with both, as of a network interface with dots, '/' separates.
std::string file_of_sysctl(std::string_view key) {
  std::string file(key);
  if (file.find('/') == std::string::npos) std::replace(file.begin(), file.end(), '.', '/');
  return "/proc/sys/" + file;
}

void add_missing(const std::vector<std::string>& more, std::vector<std::string>& into) {
  for (const std::string& each : more)
    if (std::find(into.begin(), into.end(), each) == into.end()) into.push_back(each);
}

}  // namespace

Status check_sysctl(const std::string& text) {
  constexpr std::string_view kLike = "kernel.sched_autogroup_enabled=0";
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals + 1 == text.size()) return refused(text, "sets no value", kLike);
  const std::string key = text.substr(0, equals);
  const bool is_key = std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-' || c == '/';
  });
  if (key.empty() || !is_key || key.starts_with('.') || key.starts_with('/') || !is_plain(file_of_sysctl(key)))
    return refused(text, "names no sysctl", kLike);
  return ok();
}

Status check_write(const std::string& text) {
  constexpr std::string_view kLike = "/sys/kernel/debug/sched/features=NO_PLACE_LAG";
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals + 1 == text.size()) return refused(text, "writes nothing", kLike);
  const std::string_view file = std::string_view(text).substr(0, equals);
  if (!file.starts_with("/proc/sys/") && !file.starts_with("/sys/"))
    return refused(text, "is not about a file below /sys or /proc/sys", kLike);
  return is_plain(file) ? ok() : refused(text, "names no file", kLike);
}

Status check_cgroup_parent(const std::string& path) {
  if (!path.starts_with('/') || path == "/" || !is_plain(path))
    return refused(path, "is not the path of a cgroup", "/sched");
  return ok();
}

MachineSetup setup_of(const SchedulerDefinition& definition) {
  MachineSetup setup;
  for (const std::string& each : definition.sysctls) {
    const std::size_t equals = std::min(each.find('='), each.size());
    setup.writes.push_back(file_of_sysctl(each.substr(0, equals)) + each.substr(equals));
  }
  setup.writes.insert(setup.writes.end(), definition.writes.begin(), definition.writes.end());
  if (!definition.cgroup_parent.empty()) setup.cgroups.push_back(definition.cgroup_parent);
  return setup;
}

void add_setup(const MachineSetup& more, MachineSetup& into) {
  add_missing(more.writes, into.writes);
  add_missing(more.cgroups, into.cgroups);
}

}  // namespace ktstr
