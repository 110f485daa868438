// SPDX-License-Identifier: Apache-2.0
#include <ctime>

#include "base/system/process.h"
#include "cli/commands/commands.h"
#include "cli/commands/warm_report.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/run_request.h"
#include "cli/use_definition.h"
#include "ktstr/test.h"
#include "runner/environment.h"

namespace ktstr::cli {

namespace {

constexpr int kExitInterrupted = 130;

int finish_warm(const Status& status) {
  if (status) return kExitOk;
  const int code = report_error(status.error());
  return status.error().code() == ErrorCode::kCancelled ? kExitInterrupted : code;
}

Result<RunnerEnvironment> usable_environment() {
  RunnerEnvironment environment = RunnerEnvironment::from_process();
  KTSTR_TRY(has_directories(environment));
  return environment;
}

Status list_images(bool json) {
  KTSTR_TRY_ASSIGN(const RunnerEnvironment environment, usable_environment());
  const WarmCache cache = warm_cache(environment);
  KTSTR_TRY_ASSIGN(const auto entries, cache.list());
  return print_out(json ? warm_list_json(entries, cache.limit())
                        : warm_list_text(entries, cache.limit(), std::time(nullptr)));
}

Status build(const WarmBuildCommand& command) {
  const Progress progress(Progress::kind(), false);
  KTSTR_TRY_ASSIGN(const RunnerEnvironment environment, usable_environment());
  KTSTR_TRY_ASSIGN(const fs::path self, own_executable());
  std::vector<Topology> topologies = command.topologies;
  if (topologies.empty()) {
    KTSTR_TRY_ASSIGN(const Topology smallest, Topology::parse(kDefaultTopology));
    topologies.push_back(smallest);
  }
  RunRequest request;
  KTSTR_TRY(apply(command.options, request));
  // Mistakes first: no boot is for nothing.
  for (const Topology& topology : topologies) {
    request.settings.topology = topology;
    KTSTR_TRY(use_definition(request, {}, {.where = "--scheduler", .names_topology = true, .scheduler_by_flag = true}));
    KTSTR_TRY(guest_spec(request, environment));
  }
  KTSTR_TRY(resolve(request, environment, self.parent_path()));
  for (const Topology& topology : topologies) {
    request.settings.topology = topology;
    KTSTR_TRY_ASSIGN(const PreparedImage image, prepare_image(request, environment));
    KTSTR_TRY(print_out(describe(image)));
  }
  return ok();
}

Status clean(const std::vector<std::string>& digests) {
  KTSTR_TRY_ASSIGN(const RunnerEnvironment environment, usable_environment());
  WarmCache cache = warm_cache(environment);
  KTSTR_TRY_ASSIGN(const WarmCache::Cleaned cleaned, cache.clean(digests));
  return print_out(describe(cleaned));
}

}  // namespace

int execute(const WarmListCommand& command) { return finish_warm(list_images(command.json)); }

int execute(const WarmBuildCommand& command) {
  set_verbosity(command.options.verbosity);
  install_interrupt_handler();
  return finish_warm(build(command));
}

int execute(const WarmCleanCommand& command) { return finish_warm(clean(command.digests)); }

}  // namespace ktstr::cli
