// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "cli/commands/commands.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "kernel/cache.h"
#include "kernel/fetch/apt.h"
#include "kernel/fetch/debian.h"
#include "kernel/select.h"

namespace ktstr::cli {

namespace {

int finish(const Status& status) { return status ? kExitOk : report_error(status.error()); }

Result<KernelCache> open_cache() {
  KTSTR_TRY_ASSIGN(KernelEnvironment environment, KernelEnvironment::from_process());
  return KernelCache(environment.cache_root);
}

nlohmann::json to_json(const CacheEntry& cached) {
  nlohmann::json json = {{"key", cached.key}, {"damaged", cached.damaged()}};
  if (cached.damaged()) {
    json["damage"] = cached.damage;
    return json;
  }
  const KernelEntry& entry = *cached.entry;
  json.update({{"release", entry.facts.release},
               {"sha256", entry.facts.sha256},
               {"size_bytes", entry.facts.size},
               {"sched_ext", entry.facts.has_sched_ext},
               {"pvh", entry.facts.pvh},
               {"btf_types", entry.facts.btf_types},
               {"symbols", entry.facts.symbols},
               {"vmlinux", entry.vmlinux().string()},
               {"suite", entry.source.suite},
               {"package", entry.source.package},
               {"package_version", entry.source.package_version},
               {"fetched_at", entry.fetched_at}});
  return json;
}

// sched_ext itself needs BTF, and so do schedulers: an image without it has lost it, or never had sched_ext.
std::string_view sched_ext_words(const KernelFacts& facts) {
  if (facts.has_sched_ext) return "sched_ext";
  return facts.btf_types > 0 ? "no sched_ext" : "no BTF, and so no sched_ext";
}

std::string describe_kernel(const CacheEntry& cached) {
  if (cached.damaged()) return fmt::format("{}  DAMAGED: {}\n", cached.key, cached.damage);
  const KernelEntry& entry = *cached.entry;
  const std::string from = entry.source.suite.empty() ? entry.source.package : entry.source.suite;
  return fmt::format("{}  {}, {}, from {}\n", cached.key, sched_ext_words(entry.facts), format_bytes(entry.facts.size),
                     from);
}

Status fetch(const std::string& what) {
  const Progress shown(Progress::kind(), false);
  KTSTR_TRY_ASSIGN(KernelCache cache, open_cache());
  const KernelRequest request{.what = what, .mirror = debian_mirror(std::getenv("KTSTR_DEBIAN_MIRROR"))};
  const auto progress = [](std::string_view line) { log_message(LogLevel::kInfo, line); };
  KTSTR_TRY_ASSIGN(const KernelEntry entry, fetch_debian_kernel(cache, request, progress));
  return print_out(entry.key + "\n");
}

Status list_kernels(bool json) {
  KTSTR_TRY_ASSIGN(const KernelCache cache, open_cache());
  std::string text;
  nlohmann::json document = nlohmann::json::array();
  for (const CacheEntry& cached : cache.list()) {
    text += describe_kernel(cached);
    document.push_back(to_json(cached));
  }
  if (json) return print_out(document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  if (text.empty()) text = fmt::format("no kernels in {}; 'ktstr kernel fetch' gets one\n", cache.root().string());
  return print_out(text);
}

Status remove(const std::string& key) {
  KTSTR_TRY_ASSIGN(KernelCache cache, open_cache());
  return cache.remove(key);
}

Status print_path(const std::string& spec) {
  const Progress shown(Progress::kind(), false);
  KTSTR_TRY_ASSIGN(const KernelEnvironment environment, KernelEnvironment::from_process());
  KTSTR_TRY_ASSIGN(const KernelImage image, select_kernel(environment, spec));
  return print_out(fs::absolute(image.vmlinux).string() + "\n");
}

}  // namespace

int execute(const KernelFetchCommand& command) {
  set_verbosity(1);  // a download takes minutes: say what is going on
  return finish(fetch(command.what));
}

int execute(const KernelListCommand& command) { return finish(list_kernels(command.json)); }
int execute(const KernelRemoveCommand& command) { return finish(remove(command.key)); }
int execute(const KernelPathCommand& command) { return finish(print_path(command.spec)); }

}  // namespace ktstr::cli
