// SPDX-License-Identifier: Apache-2.0
#include "host/host_hooks.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "host/stall_details.h"

namespace ktstr {

std::vector<std::string> program_directories() {
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/sbin:/usr/bin:/sbin:/bin" : path;
  std::vector<std::string> directories;
  while (!rest.empty()) {
    const std::string_view directory = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), directory.size() + 1));
    if (!directory.empty()) directories.emplace_back(directory);
  }
  return directories;
}

Result<std::shared_ptr<const ExecutorHooks>> host_hooks(UndoJournal& journal,
                                                        std::shared_ptr<LiveWorkers> live_workers) {
  KTSTR_TRY_ASSIGN(ExecutorHooks hooks, ExecutorHooks::real(0, {}, std::move(live_workers)));
  hooks.before_machine_change = [&journal](const fs::path& file, const std::string& before) {
    return journal.note(file, before);
  };
  watch_for_stalls(hooks);
  return std::make_shared<const ExecutorHooks>(std::move(hooks));
}

}  // namespace ktstr
