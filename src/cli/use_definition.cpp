// SPDX-License-Identifier: Apache-2.0
#include "cli/use_definition.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "base/file.h"
#include "base/system/process.h"
#include "base/text/error_line.h"
#include "cli/load_object.h"
#include "model/scheduler_checks.h"
#include "model/scheduler_definition.h"
#include "scenario_file/scheduler_file.h"
#include "scenario_file/table_reader.h"
#include "scheduler/build_program.h"
#include "scheduler/command.h"
#include "scheduler/find_definition.h"
#include "scheduler/package.h"

namespace ktstr::cli {

namespace {

constexpr const char* kDefinitionsVariable = "KTSTR_DEFINITIONS";

// All at once: a program's are not read by a reader that knows their lines.
Status check_declared(const std::vector<SchedulerDefinition>& declared) {
  std::vector<std::string> all;
  for (const SchedulerDefinition& each : declared) {
    for (const DefinitionMistake& mistake : mistakes_of(each))
      all.push_back(fmt::format("{}: {}", place_of(each), mistake.message));
    for (const SchedulerDefinition& other : declared)
      if (&other < &each && variable_of(other.name) == variable_of(each.name))
        all.push_back(fmt::format("{}: its program would be named by {}, as that of '{}'", place_of(each),
                                  variable_of(each.name), other.name));
  }
  if (all.empty()) return ok();
  return Error(ErrorCode::kInvalidArgument, fmt::format("{}", fmt::join(all, "\n")));
}

Status refuse_config(const WhoAsks& asks, const std::string& why, std::string hint) {
  return fail(ErrorCode::kInvalidArgument, "{}: 'scheduler_config' is given, and {}", asks.config_where, why)
      .with_hint(std::move(hint));
}

// Of a word that is no definition's name: it is a program, or a name that was meant.
Status without_definition(const KnownDefinitions& known, const std::string& word, const WhoAsks& asks) {
  std::vector<std::string_view> names;
  for (const SchedulerDefinition& each : known.list) names.push_back(each.name);
  const std::string all = fmt::format("definitions: {}", fmt::join(names, ", "));
  std::string meant = did_you_mean(word, names);
  if (!meant.empty()) meant.insert(0, ";");
  if (asks.config)
    return refuse_config(asks, fmt::format("the scheduler '{}' has no definition{}", word, meant),
                         names.empty() ? "declare it in a table [schedulers.NAME] with a 'config'" : all);
  if (names.empty() || word.find('/') != std::string::npos) return ok();
  const auto self = own_executable();
  const auto program = find_scheduler(word, self ? self->parent_path() : fs::path());
  if (program || program.error().code() != ErrorCode::kNotFound) return ok();
  return fail(ErrorCode::kNotFound, "{}: {}, and no definition of that name{}", asks.where, program.error().message(),
              meant)
      .with_hint(all);
}

// Both ways.
Status check_pairing(const SchedulerDefinition& definition, const WhoAsks& asks) {
  const std::string place = fmt::format("{}:{}", definition.file, definition.line);
  if (asks.config && !definition.config)
    return refuse_config(asks, fmt::format("the scheduler '{}' takes no configuration", definition.name),
                         fmt::format("add a 'config' to its definition, {}, or leave it out", place));
  if (asks.config && !definition.config->file.empty())
    return refuse_config(
        asks, fmt::format("the configuration of '{}' is the fixed file {}", definition.name, definition.config->file),
        fmt::format("give the definition, {}, a 'path' in place of the 'file', or leave it out", place));
  if (!asks.config && definition.config && definition.config->file.empty() && !definition.config->text)
    return fail(ErrorCode::kInvalidArgument, "{}: the scheduler '{}' takes a configuration, and there is none",
                asks.where, definition.name)
        .with_hint(fmt::format("add 'scheduler_config', or a 'text' to the 'config' of its definition, {}", place));
  return ok();
}

GuestFile config_of(const NamedDefinition& used) {
  const SchedulerConfig& config = *used.definition.config;
  GuestFile file{.path = config_path(used.definition)};
  if (config.file.empty())
    file.text = used.config ? *used.config : config.text.value_or("");
  else
    file.file = (directory_of(used.definition) / config.file).lexically_normal().string();
  return file;
}

// "mine, /src/ktstr.toml:3, which sets max_gap = 500ms": of its checks those that the test leaves to it.
std::string said_of(const SchedulerDefinition& definition, const Checks& of_test) {
  std::string text = fmt::format("{}, {}:{}", definition.name, definition.file, definition.line);
  const std::vector<ShownCheck> own = shown_checks(of_test);
  std::string_view before = ", which sets ";
  for (const ShownCheck& each : shown_checks(definition.checks)) {
    const auto is_same = [&](const ShownCheck& other) { return other.key == each.key; };
    if (std::any_of(own.begin(), own.end(), is_same)) continue;
    text += fmt::format("{}{} = {}", before, each.key, each.value);
    before = ", ";
  }
  return text;
}

// Not where the environment names another program than the one that is built.
Status build_program_of(const SchedulerDefinition& definition, const RunnerEnvironment& environment,
                        const fs::path& beside) {
  if (definition.build.empty()) return ok();
  const auto program = place_of_program(definition, beside, std::getenv);
  if (!program || !program->variable.empty()) return ok();
  return build_if_needed(definition, program->path, environment.cache_dir / "builds");
}

}  // namespace

const SchedulerDefinition* KnownDefinitions::find(const std::string& name) const {
  const auto found = std::find_if(list.begin(), list.end(), [&](const auto& each) { return each.name == name; });
  return found != list.end() ? &*found : nullptr;
}

Result<KnownDefinitions> known_definitions(const DefinitionPlaces& places) {
  KTSTR_TRY(check_declared(places.declared));
  KnownDefinitions known{.list = places.declared, .declared = places.declared.size()};
  std::optional<fs::path> file;
  bool from_anywhere = true;
  std::error_code error;
  if (const char* named = std::getenv(kDefinitionsVariable); named != nullptr && *named != '\0') {
    file = fs::absolute(named, error).lexically_normal();
    from_anywhere = false;
  }
  if (!file && !places.directory.empty()) file = find_scheduler_file(places.directory);
  if (!file) {
    const fs::path here = fs::current_path(error);
    if (!error) file = find_scheduler_file(here);
    from_anywhere = false;
  }
  if (!file) return known;
  KTSTR_TRY_ASSIGN(const auto more, load_scheduler_file(*file));
  known.list.insert(known.list.end(), more.begin(), more.end());
  if (!from_anywhere) known.variable = fmt::format("{}={}", kDefinitionsVariable, file->string());
  return known;
}

Status use_definition(RunRequest& request, const DefinitionPlaces& places, const WhoAsks& asks) {
  KTSTR_TRY_ASSIGN(const std::vector<std::string> words, split_command(request.scheduler).context("scheduler"));
  if (words.empty()) {
    if (!asks.config || asks.scheduler_by_flag) return ok();
    return refuse_config(asks, "there is no scheduler", "name one, or leave it out");
  }
  const bool may_be_name = words.front().find('/') == std::string::npos;
  if (!may_be_name && !asks.config) return ok();
  KTSTR_TRY_ASSIGN(const KnownDefinitions known, known_definitions(places));
  const SchedulerDefinition* definition = known.find(words.front());
  if (definition == nullptr) return without_definition(known, words.front(), asks);
  KTSTR_TRY(check_pairing(*definition, asks));

  NamedDefinition used{.definition = *definition, .named = request.scheduler, .config = asks.config};
  used.more.assign(words.begin() + 1, words.end());
  const bool is_of_file = definition - known.list.data() >= static_cast<std::ptrdiff_t>(known.declared);
  if (is_of_file && !known.variable.empty()) used.variables.push_back(known.variable);
  RunSettings& settings = request.settings;
  request.declared = said_of(*definition, settings.checks);
  settings.checks = merged_checks(definition->checks, settings.checks);
  if (!asks.names_topology && !definition->topology.empty()) {
    KTSTR_TRY_ASSIGN(settings.topology, Topology::parse(definition->topology).context(place_of(*definition)));
  }
  KTSTR_TRY(check_constraints(*definition, settings.topology).context(asks.where));
  request.kernel_arguments = definition->kernel_args;
  request.setup = setup_of(*definition);
  if (definition->is_kernels_own()) {
    if (!used.more.empty())
      return fail(ErrorCode::kInvalidArgument, "{}: '{}' is the kernel's own scheduler and takes no arguments",
                  asks.where, definition->name)
          .with_hint(fmt::format("it has no 'program', {}:{}", definition->file, definition->line));
    request.scheduler.clear();
  }
  request.definition = std::move(used);
  return ok();
}

Status use_definitions_of_ops(RunRequest& request, const DefinitionPlaces& places, const std::string& where) {
  for (auto& [name, staged] : request.staged) {
    KTSTR_TRY_ASSIGN(const std::vector<std::string> words, split_command(name).context("scheduler"));
    if (words.empty() || words.front().find('/') != std::string::npos) continue;
    KTSTR_TRY_ASSIGN(const KnownDefinitions known, known_definitions(places));
    const SchedulerDefinition* definition = known.find(words.front());
    const WhoAsks asks{.where = fmt::format("{}: an op attaches '{}'", where, name)};
    if (definition == nullptr) {
      KTSTR_TRY(without_definition(known, words.front(), asks));
      continue;
    }
    KTSTR_TRY(check_pairing(*definition, asks));
    KTSTR_TRY(check_constraints(*definition, request.settings.topology).context(asks.where));
    if (definition->is_kernels_own())
      return fail(ErrorCode::kInvalidArgument, "{}, which is the kernel's own scheduler with settings", asks.where)
          .with_hint("detach_scheduler gives the machine back to it; its settings are those that 'scheduler' names");
    add_setup(setup_of(*definition), request.setup);
    staged.definition = NamedDefinition{.definition = *definition, .named = name};
    staged.definition->more.assign(words.begin() + 1, words.end());
    for (const std::string& argument : definition->kernel_args)
      if (std::find(request.kernel_arguments.begin(), request.kernel_arguments.end(), argument) ==
          request.kernel_arguments.end())
        request.kernel_arguments.push_back(argument);
  }
  return ok();
}

Result<std::string> command_of_definition(RunRequest& request, NamedDefinition& used,
                                          const RunnerEnvironment& environment, const fs::path& beside) {
  const SchedulerDefinition& definition = used.definition;
  KTSTR_TRY(build_program_of(definition, environment, beside));
  KTSTR_TRY_ASSIGN(const DefinedProgram program, find_program_of(definition, beside, std::getenv));
  if (!program.variable.empty()) used.variables.push_back(program.variable);
  KTSTR_TRY_ASSIGN(std::string command,
                   scheduler_command(request, command_of(definition, program.path, used.more), environment));
  for (const std::string& each : definition.include)
    request.scheduler_include.push_back((directory_of(definition) / each).lexically_normal().string());
  if (!definition.config) return command;
  const GuestFile config = config_of(used);
  if (std::find(request.scheduler_files.begin(), request.scheduler_files.end(), config) ==
      request.scheduler_files.end())
    request.scheduler_files.push_back(config);
  return command;
}

Status resolve_definition(RunRequest& request, const RunnerEnvironment& environment, const fs::path& beside) {
  if (request.definition->definition.is_kernels_own()) return ok();
  KTSTR_TRY_ASSIGN(request.scheduler, command_of_definition(request, *request.definition, environment, beside));
  return ok();
}

}  // namespace ktstr::cli
