// SPDX-License-Identifier: Apache-2.0
//
// ktstr export: a scenario as a script.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <system_error>

#include "base/log.h"
#include "base/output_file.h"
#include "base/text/shell_words.h"
#include "base/text/users_mistake.h"
#include "cli/commands/commands.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/run_request.h"
#include "script_export/script_export.h"

namespace ktstr::cli {

namespace {

// Of a scheduler that a definition describes: its program by its name, and what else the definition does is missing.
void name_scheduler(const RunRequest& request, ScriptRequest& script, std::vector<std::string>& missing) {
  script.scheduler = request.scheduler;
  if (!request.definition) return;
  const SchedulerDefinition& definition = request.definition->definition;
  const bool more = definition.config || !definition.sysctls.empty() || !definition.writes.empty() ||
                    !definition.kernel_args.empty() || !definition.cgroup_parent.empty();
  if (more)
    missing.push_back(fmt::format("scheduler {}: its configuration, sysctls, files and kernel arguments ({}:{})",
                                  definition.name, definition.file, definition.line));
  // What was written after the definition's name goes to its program, after its own arguments.
  const std::string& named = request.definition->named;
  const std::size_t rest = named.find(' ');
  script.scheduler = definition.program;
  for (const std::string& word : definition.args) script.scheduler += " " + shell_quote(word);
  if (rest != std::string::npos) script.scheduler += named.substr(rest);
}

Result<ExportedScript> exported(const ExportCommand& command) {
  KTSTR_TRY_ASSIGN(const RunRequest request, request_for_file(command.file, command.options));
  ScriptRequest script{.text = request.scenario_text,
                       .file_name = command.file.string(),
                       .settings = request.settings,
                       .machine = TestTopology::expected_for(request.settings.topology),
                       .machine_text = request.settings.topology.to_string(),
                       .version = version_text()};
  if (command.here) {
    KTSTR_TRY_ASSIGN(script.machine, TestTopology::from_sysfs("/sys"));
    script.machine_text = script.machine.describe();
  }
  std::vector<std::string> missing;
  name_scheduler(request, script, missing);
  KTSTR_TRY_ASSIGN(ExportedScript made, export_script(script));
  made.not_expressed.insert(made.not_expressed.begin(), missing.begin(), missing.end());
  return made;
}

// The place is the user's choice, so that an error there is the user's to correct; a full disk is not.
Status write_script(const std::string& output, const std::string& text) {
  if (output.empty()) return print_out(text);
  const Status written = write_output(output, as_byte_span(text), 0755);
  if (written) return ok();
  const int why = written.error().saved_errno();
  if (why == ENOSPC || why == EDQUOT || why == EIO || why == 0) return Error(written.error()).context(output);
  return fail(ErrorCode::kInvalidArgument, "cannot write the script to {}: {}", output,
              std::generic_category().message(why))
      .with_hint(why == EISDIR ? fmt::format("name a file in it: -o {}", (fs::path(output) / "scenario.sh").string())
                               : "-o names the script's file: one in a directory that is there and may be written; "
                                 "without -o the script goes to stdout");
}

}  // namespace

int execute(const ExportCommand& command) {
  const auto made = exported(command);
  if (!made) return report_error(users_mistake(made.error()));
  if (command.strict && !made->not_expressed.empty())
    return report_error(fail(ErrorCode::kInvalidArgument, "a shell cannot do all of this:\n  {}",
                             fmt::join(made->not_expressed, "\n  "))
                            .with_hint("without --strict the rest is written"));
  for (const std::string& each : made->not_expressed) log_warn("not as in the scenario: {}", each);
  const Status written = write_script(command.output, made->text);
  return written ? kExitOk : report_error(users_mistake(written.error()));
}

}  // namespace ktstr::cli
