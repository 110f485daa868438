// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/system/process.h"
#include "base/text/error_line.h"
#include "base/text/users_mistake.h"
#include "cli/commands/commands.h"
#include "cli/exit_status.h"
#include "cli/output.h"
#include "cli/repeat_command.h"
#include "cli/use_definition.h"
#include "model/scheduler_checks.h"
#include "model/scheduler_definition.h"
#include "scenario_file/scenario_file.h"
#include "scenario_file/table_reader.h"
#include "scheduler/build_program.h"
#include "scheduler/find_definition.h"

namespace ktstr::cli {

namespace {

using Json = nlohmann::ordered_json;

// A definition, and what this machine has of it.
struct ShownScheduler {
  const SchedulerDefinition* definition;
  std::string program, variable;  // the path, and the variable that names it
  std::string error;              // why there is none
  std::string must_build;         // why it is built before the next run
};

ShownScheduler look_at_scheduler(const SchedulerDefinition& definition, const fs::path& beside) {
  ShownScheduler shown{.definition = &definition};
  if (definition.is_kernels_own()) {
    shown.program = "the kernel's own";
    return shown;
  }
  if (!definition.build.empty())
    if (const auto place = place_of_program(definition, beside, std::getenv); place && place->variable.empty()) {
      auto why = why_build(definition, place->path);
      shown.must_build = why ? *why : in_one_line(why.error());
      shown.program = place->path.string();
      std::error_code error;
      if (!fs::exists(place->path, error)) return shown;
    }
  auto found = find_program_of(definition, beside, std::getenv);
  if (!found) {
    shown.error = in_one_line(found.error());
    return shown;
  }
  shown.program = found->path.string();
  shown.variable = found->variable;
  return shown;
}

std::string text_of_config(const SchedulerDefinition& definition) {
  const SchedulerConfig& config = *definition.config;
  std::string text = config_path(definition);
  if (!config.file.empty())
    text += ", from " + (directory_of(definition) / config.file).lexically_normal().string();
  else
    text += config.text ? fmt::format(", a text of {} bytes that a test may replace", config.text->size())
                        : ", which each test gives";
  return config.arg.empty() ? text : text + fmt::format(" ({})", config.arg);
}

std::string text_of_checks(const Checks& checks) {
  std::string text;
  for (const ShownCheck& each : shown_checks(checks))
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", each.key, each.value);
  return text;
}

std::string as_text(const ShownScheduler& shown) {
  const SchedulerDefinition& definition = *shown.definition;
  std::string text = fmt::format("{} ({}:{})\n", definition.name, definition.file, definition.line);
  const auto line = [&](std::string_view what, const std::string& value) {
    if (!value.empty()) text += fmt::format("  {:<12} {}\n", what, value);
  };
  line("program", shown.error.empty() ? shown.program : "none: " + shown.error);
  line("named by", shown.variable);
  line("arguments", shell_join(definition.args));
  line("build", definition.build);
  line("sources", fmt::format("{}", fmt::join(definition.sources, ", ")));
  line("is built", shown.must_build.empty() ? "" : "before the next run: " + shown.must_build);
  line("includes", fmt::format("{}", fmt::join(definition.include, ", ")));
  if (definition.config) line("config", text_of_config(definition));
  line("topology", definition.topology);
  line("checks", text_of_checks(definition.checks));
  line("constraints", describe(definition.constraints));
  line("kernel args", shell_join(definition.kernel_args));
  line("sysctls", fmt::format("{}", fmt::join(definition.sysctls, ", ")));
  line("writes", fmt::format("{}", fmt::join(definition.writes, ", ")));
  line("cgroup", definition.cgroup_parent);
  line("kernels", fmt::format("{}", fmt::join(definition.kernels, ", ")));
  return text;
}

Json as_json(const ShownScheduler& shown) {
  const SchedulerDefinition& definition = *shown.definition;
  Json checks = Json::object();
  for (const ShownCheck& each : shown_checks(definition.checks)) checks[each.key] = each.value;
  Json json = {{"name", definition.name},
               {"file", definition.file},
               {"line", definition.line},
               {"program", shown.program},
               {"error", shown.error},
               {"variable", shown.variable},
               {"args", definition.args},
               {"build", definition.build},
               {"sources", definition.sources},
               {"must_build", shown.must_build},
               {"include", definition.include},
               {"topology", definition.topology},
               {"checks", std::move(checks)},
               {"constraints", describe(definition.constraints)},
               {"kernel_args", definition.kernel_args},
               {"sysctls", definition.sysctls},
               {"writes", definition.writes},
               {"cgroup_parent", definition.cgroup_parent},
               {"kernels", definition.kernels}};
  if (definition.config)
    json["config"] = {{"path", config_path(definition)},
                      {"file", definition.config->file},
                      {"arg", definition.config->arg},
                      {"of_test", definition.config->file.empty() && !definition.config->text}};
  return json;
}

Result<KnownDefinitions> definitions_for(const fs::path& file) {
  if (file.empty()) return known_definitions({});
  auto text = read_text(file, Bytes{16} << 20);
  if (!text) return users_mistake(std::move(text).error()).context("scenario file");
  KTSTR_TRY_ASSIGN(const ScenarioFile scenario, parse_scenario(*text, file.string()));
  return known_definitions(
      {.declared = scenario.schedulers, .directory = fs::absolute(file).lexically_normal().parent_path()});
}

Error no_scheduler(const KnownDefinitions& known, const std::string& name) {
  std::vector<std::string_view> names;
  for (const SchedulerDefinition& each : known.list) names.push_back(each.name);
  return fail(ErrorCode::kNotFound, "no scheduler '{}' is declared;{} known: {}", name, did_you_mean(name, names),
              names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")))
      .with_hint("a table [schedulers.NAME] in ktstr.toml, here or above, declares one; --file names a scenario file");
}

Status show_schedulers(const SchedulersCommand& command) {
  KTSTR_TRY_ASSIGN(const KnownDefinitions known, definitions_for(command.file));
  if (!command.name.empty() && known.find(command.name) == nullptr) return no_scheduler(known, command.name);
  KTSTR_TRY_ASSIGN(const fs::path self, own_executable());
  std::string text;
  Json list = Json::array();
  for (const SchedulerDefinition& each : known.list) {
    if (known.find(each.name) != &each || (!command.name.empty() && each.name != command.name)) continue;
    const ShownScheduler shown = look_at_scheduler(each, self.parent_path());
    text += as_text(shown);
    list.push_back(as_json(shown));
  }
  if (text.empty()) text = "no scheduler is declared; a table [schedulers.NAME] in ktstr.toml declares one\n";
  return print_out(command.json ? list.dump(2, ' ', false, Json::error_handler_t::replace) + "\n" : text);
}

}  // namespace

int execute(const SchedulersCommand& command) {
  const Status shown = show_schedulers(command);
  return shown ? kExitOk : report_error(shown.error());
}

}  // namespace ktstr::cli
