// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "base/log.h"
#include "base/process.h"
#include "engine/warm_cache.h"
#include "runner/runner.h"

namespace ktstr {

namespace {

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

// XDG base directory specification: $XDG_x, else a directory below the home directory.
fs::path xdg_dir(const char* name, const char* below_home) {
  if (const auto dir = variable(name)) return fs::path(*dir) / "ktstr";
  return fs::path(variable("HOME").value_or("/root")) / below_home / "ktstr";
}

Bytes warm_limit_asked_for() {
  const auto text = variable("KTSTR_WARM_LIMIT");
  if (!text) return kDefaultWarmLimit;
  const auto limit = parse_bytes(*text);
  if (limit) return *limit;
  log_warn("KTSTR_WARM_LIMIT: {}; {} is used", limit.error().message(), format_bytes(kDefaultWarmLimit));
  return kDefaultWarmLimit;
}

fs::path find_agent() {
  if (const auto named = variable("KTSTR_AGENT")) return *named;
  std::vector<fs::path> candidates;
  if (const auto self = own_executable()) {
    candidates.push_back(self->parent_path() / "ktstr-agent");
    candidates.push_back(self->parent_path().parent_path() / "libexec/ktstr/ktstr-agent");
  }
  candidates.emplace_back(KTSTR_BUILT_AGENT);
  candidates.emplace_back(KTSTR_INSTALLED_AGENT);
  for (const fs::path& candidate : candidates) {
    std::error_code error;
    if (fs::is_regular_file(candidate, error)) return candidate;
  }
  return candidates.back();
}

}  // namespace

RunnerEnvironment RunnerEnvironment::from_process() {
  const fs::path cache_dir = xdg_dir("XDG_CACHE_HOME", ".cache");
  const auto ram_dir = variable("KTSTR_RAM_DIR");
  return {.state_dir = xdg_dir("XDG_STATE_HOME", ".local/state"),
          .cache_dir = cache_dir,
          .ram_dir = ram_dir.value_or("/dev/shm"),
          .ram_fallback = ram_dir ? fs::path() : cache_dir / "ram",
          .agent = find_agent(),
          .qemu = variable("KTSTR_QEMU").value_or("qemu-system-x86_64"),
          .kernel = variable("KTSTR_KERNEL"),
          .warm_limit = warm_limit_asked_for()};
}

}  // namespace ktstr
