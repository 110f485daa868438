// SPDX-License-Identifier: Apache-2.0
#include "cli/load_object.h"

#include "base/file.h"
#include "cli/repeat_command.h"
#include "model/scheduler_definition.h"
#include "scheduler/find_definition.h"

namespace ktstr::cli {

Result<std::string> scheduler_command(RunRequest& request, std::vector<std::string> words,
                                      const RunnerEnvironment& environment) {
  const fs::path object = words.front();
  if (!is_bpf_object(object)) return shell_join(words);
  if (words.size() > 1)
    return fail(ErrorCode::kInvalidArgument, "{} is a BPF object, which takes no arguments: '{}'", object.string(),
                words[1])
        .with_hint("leave them out, or give the program that loads it with them");
  std::error_code error;
  if (!fs::is_regular_file(environment.object_loader, error))
    return fail(ErrorCode::kNotFound, "the loader of BPF objects is not there: {}", environment.object_loader.string())
        .with_hint("build it (target scx_load), install ktstr, or set KTSTR_OBJECT_LOADER");
  const std::string path = std::string(kSchedulerDirectory) + object.filename().string();
  request.scheduler_files.push_back({.path = path, .file = object.string()});
  return shell_join({environment.object_loader.string(), path});
}

}  // namespace ktstr::cli
