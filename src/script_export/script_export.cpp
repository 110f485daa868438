// SPDX-License-Identifier: Apache-2.0
#include "script_export/script_export.h"

#include <fmt/ranges.h>

#include "base/text/shell_words.h"
#include "cgroup/recording_cgroup_ops.h"
#include "scenario/executor_hooks.h"
#include "scenario_file/scenario_file.h"
#include "script_export/script_functions.h"
#include "script_export/script_writer.h"

namespace ktstr {

namespace {

std::string head(const ScriptRequest& request, const ScriptWriter& writer) {
  std::string text = fmt::format(
      "#!/bin/bash\n"
      "# {}: a scenario as a script, by `ktstr export` of {}.\n"
      "#\n"
      "# For a machine without ktstr. `ktstr run {} --host` is the exact way on a real machine: with the work types "
      "as\n"
      "# they are, the checks, and a report. This script loads the machine in the same shape, and gives no verdict.\n"
      "#\n"
      "# It needs root, cgroup v2 and bash 5, and cleans up after itself unless it is killed by SIGKILL. KTSTR_CGROUP "
      "is\n"
      "# the cgroup below which it works; default: the root.\n"
      "#\n"
      "# Planned for {}. The CPUs that it names: {}.\n",
      in_a_comment(request.settings.test), request.version, in_a_comment(shell_quote(request.file_name)),
      request.machine_text, writer.cpus().empty() ? "none" : writer.cpus().to_string());
  if (writer.not_expressed().empty()) return text + "#\n# Nothing of the scenario's load was left out.\n";
  text += "#\n# Not as in the scenario:\n";
  for (const std::string& each : writer.not_expressed()) text += fmt::format("#   {}\n", each);
  return text;
}

std::string arguments(const std::string& scheduler) {
  if (scheduler.empty()) return "\n[[ $# -eq 0 ]] || die 'takes no arguments'\n";
  return fmt::format(
      "\nscheduler=({}) with_scheduler=1\n"
      "case ${{1-}} in\n"
      "  '') ;;\n"
      "  --no-scheduler) with_scheduler=0 ;;\n"
      "  *) die 'takes --no-scheduler, to run on the scheduler that is there, and nothing else' ;;\n"
      "esac\n",
      scheduler);
}

// What is not there would fail in the middle.
std::string needs(const ScriptWriter& writer) {
  std::string text;
  for (const Cpu cpu : writer.cpus())
    text += fmt::format("[[ -d /sys/devices/system/cpu/cpu{0} ]] || die 'there is no CPU {0}'\n", cpu);
  return text;
}

}  // namespace

Result<ExportedScript> export_script(const ScriptRequest& request) {
  ScriptWriter writer(request.scheduler);
  const auto hooks = std::make_shared<ExecutorHooks>();
  hooks->instead = [&](const Ctx& ctx, const ScenarioPlan& plan) { writer.add(ctx, plan); };
  // For scenarios that look at what the kernel offers: all there is, as with `instead`.
  RecordingCgroupOps cgroups;
  cgroups.preset("", "cpuset.cpus.exclusive", "");
  Ctx ctx({.topology = &request.machine, .cgroups = &cgroups, .settings = request.settings, .hooks = hooks});
  KTSTR_TRY_ASSIGN(const AssertResult result, execute_scenario_text(ctx, request.text, request.file_name));
  if (writer.lines().empty()) {
    std::string why;
    for (const Detail& each : result.details) why += (why.empty() ? "" : "; ") + each.message;
    return fail(ErrorCode::kUnsupported, "{} does nothing on {}{}{}", request.settings.test, request.machine_text,
                why.empty() ? "" : ": ", why)
        .with_hint("--topology names another machine");
  }
  return ExportedScript{.text = head(request, writer) + std::string(script_functions()) + arguments(request.scheduler) +
                                needs(writer) + writer.lines() + "say 'done'\n",
                        .not_expressed = writer.not_expressed()};
}

}  // namespace ktstr
