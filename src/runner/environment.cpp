// SPDX-License-Identifier: Apache-2.0
#include "runner/environment.h"

#include <cstdlib>

#include "base/log.h"
#include "base/system/process.h"
#include "base/system/user_directory.h"
#include "engine/qemu/turns.h"
#include "engine/warm/warm_cache.h"
#include "runner/runner.h"

namespace ktstr {

namespace {

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

constexpr const char* kCacheBelowHome = ".cache";

// Empty where there is none.
fs::path xdg_dir(const char* name, const char* below_home) {
  const auto directory = user_directory(std::getenv(name), std::getenv("HOME"), below_home);
  return directory ? *directory / "ktstr" : fs::path();
}

fs::path absolute_path(const fs::path& path) {
  std::error_code error;
  fs::path absolute = fs::absolute(path, error);
  return error ? path : absolute;
}

Bytes warm_limit_asked_for() {
  const auto text = variable("KTSTR_WARM_LIMIT");
  if (!text) return kDefaultWarmLimit;
  const auto limit = parse_bytes(*text);
  if (limit) return *limit;
  log_warn("KTSTR_WARM_LIMIT: {}; {} is used", limit.error().message(), format_bytes(kDefaultWarmLimit));
  return kDefaultWarmLimit;
}

// Where a program of ktstr has what belongs to it: in a build, and installed.
void add_places_of(const fs::path& program, const char* file, std::vector<fs::path>& places) {
  places.push_back(program.parent_path() / file);
  places.push_back(program.parent_path().parent_path() / "libexec/ktstr" / file);
}

// Whether the file was built together with this program. What else was built on this machine uses what is installed.
bool is_of_this_build(const fs::path& self, const fs::path& built) {
  const fs::path relative = self.lexically_relative(built.parent_path().parent_path());
  return !relative.empty() && *relative.begin() != "..";
}

// A file that belongs to this program: beside it, where it was built or installed, or, for a test program that is
// somewhere else, with the ktstr that is in PATH.
fs::path find_companion(const char* name_in_environment, const char* file, const char* built, const char* installed) {
  if (const auto named = variable(name_in_environment)) return *named;
  std::vector<fs::path> candidates;
  std::error_code error;
  const auto self = own_executable();
  if (self) add_places_of(*self, file, candidates);
  if (self && is_of_this_build(*self, built)) candidates.emplace_back(built);
  candidates.emplace_back(installed);
  if (const auto ktstr = find_program("ktstr")) {
    const fs::path target = fs::canonical(*ktstr, error);  // a link to where it was installed
    if (!error) add_places_of(target, file, candidates);
  }
  candidates.emplace_back(built);
  for (const fs::path& candidate : candidates)
    if (fs::is_regular_file(candidate, error)) return candidate;
  return installed;
}

std::string what_forbids_turns() {
  const auto wanted = variable("KTSTR_TURNS");
  if (!wanted || *wanted == "plugin") return "";
  if (*wanted != "quantum")
    log_warn("KTSTR_TURNS '{}'; accepted: plugin (the default), quantum, which is used", *wanted);
  return "$KTSTR_TURNS asks for the quantum";
}

}  // namespace

RunnerEnvironment RunnerEnvironment::from_process() {
  const fs::path cache_dir = xdg_dir("XDG_CACHE_HOME", kCacheBelowHome);
  const auto ram_dir = variable("KTSTR_RAM_DIR");
  return {
      .state_dir = xdg_dir("XDG_STATE_HOME", ".local/state"),
      .cache_dir = cache_dir,
      .ram_dir = ram_dir ? absolute_path(*ram_dir) : fs::path("/dev/shm"),
      .ram_fallback = ram_dir ? fs::path() : cache_dir / "ram",
      .agent = find_companion("KTSTR_AGENT", "ktstr-agent", KTSTR_BUILT_AGENT, KTSTR_INSTALLED_AGENT),
      .turns_plugin = find_companion("KTSTR_TURNS_PLUGIN", kTurnsPluginName, KTSTR_BUILT_TURNS, KTSTR_INSTALLED_TURNS),
      .object_loader = find_companion("KTSTR_OBJECT_LOADER", "scx_load", KTSTR_BUILT_LOADER, KTSTR_INSTALLED_LOADER),
      .why_no_turns = what_forbids_turns(),
      .qemu = variable("KTSTR_QEMU").value_or("qemu-system-x86_64"),
      .kernel = variable("KTSTR_KERNEL"),
      .warm_limit = warm_limit_asked_for()};
}

Status has_directories(const RunnerEnvironment& environment) {
  if (!environment.cache_dir.empty() && !environment.state_dir.empty()) return ok();
  return user_directory(nullptr, std::getenv("HOME"), kCacheBelowHome).map([](const fs::path&) {});
}

}  // namespace ktstr
