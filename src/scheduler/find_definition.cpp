// SPDX-License-Identifier: Apache-2.0
#include "scheduler/find_definition.h"

#include <elf.h>
#include <fmt/ranges.h>

#include "base/file.h"
#include "base/system/process.h"
#include "base/text/error_line.h"
#include "model/scheduler_definition.h"
#include "scheduler/library_search.h"
#include "scheduler/package.h"

namespace ktstr {

namespace {

bool is_bare(std::string_view program) { return program.find('/') == std::string_view::npos; }

// Empty where a bare name is neither in `relative_to` nor in `beside` nor in PATH.
fs::path looked_up(const std::string& program, const fs::path& relative_to, const fs::path& beside) {
  const fs::path as_written = (relative_to / program).lexically_normal();
  std::error_code error;
  if (!is_bare(program) || fs::is_regular_file(as_written, error)) return as_written;
  if (!beside.empty() && fs::exists(beside / program, error)) return beside / program;
  return find_program(program).value_or(fs::path());
}

struct Named {
  std::string name, value;  // of a variable; no value: it is not set
};

std::vector<Named> variables_for(const SchedulerDefinition& definition, const Environment& environment) {
  std::vector<Named> found;
  for (std::string name : {variable_of(definition.name), std::string(kSchedulerVariable)}) {
    const char* value = environment(name.c_str());
    found.push_back({std::move(name), value == nullptr ? "" : value});
  }
  return found;
}

std::string all_looked_for(const SchedulerDefinition& definition, const fs::path& beside,
                           const std::vector<Named>& variables) {
  std::string text;
  for (const Named& each : variables) {
    if (!each.value.empty()) return text + fmt::format("{}={}", each.name, each.value);
    text += fmt::format("{} (not set), ", each.name);
  }
  if (is_bare(definition.program))
    return text + fmt::format("'{}' in {}, {} and PATH", definition.program, directory_of(definition).string(),
                              beside.empty() ? "an unknown directory" : beside.string());
  return text + fmt::format("'{}' in {}", definition.program, directory_of(definition).string());
}

}  // namespace

bool is_bpf_object(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return false;
  const auto kind = read_program_kind(path);
  return kind && kind->elf64 && kind->type == ET_REL && kind->machine == EM_BPF;
}

fs::path directory_of(const SchedulerDefinition& definition) {
  std::error_code error;
  const fs::path file = fs::absolute(definition.file, error);
  return (error ? fs::path(definition.file) : file).lexically_normal().parent_path();
}

std::optional<DefinedProgram> place_of_program(const SchedulerDefinition& definition, const fs::path& beside,
                                               const Environment& environment) {
  for (const Named& each : variables_for(definition, environment)) {
    if (each.value.empty()) continue;
    std::error_code error;
    const fs::path path = looked_up(each.value, fs::current_path(error), beside);
    if (path.empty()) return {};
    return DefinedProgram{path, fmt::format("{}={}", each.name, path.string())};
  }
  const fs::path path = looked_up(definition.program, directory_of(definition), beside);
  if (path.empty()) return {};
  return DefinedProgram{path, ""};
}

Result<DefinedProgram> find_program_of(const SchedulerDefinition& definition, const fs::path& beside,
                                       const Environment& environment) {
  auto found = place_of_program(definition, beside, environment);
  std::string why = "there is none";
  if (found && is_bpf_object(found->path)) return *std::move(found);
  if (found) {
    const auto usable = find_scheduler(found->path.string(), {});
    if (usable) {
      found->path = *usable;
      return *std::move(found);
    }
    why = in_one_line(usable.error());
  }
  const auto variables = variables_for(definition, environment);
  return fail(ErrorCode::kInvalidArgument, "{}: no program: {}; looked for {}", place_of(definition), why,
              all_looked_for(definition, beside, variables))
      .with_hint(fmt::format("build it, correct 'program', or name it: {}=/path/of/it", variables.front().name));
}

std::vector<std::string> command_of(const SchedulerDefinition& definition, const fs::path& program,
                                    const std::vector<std::string>& more) {
  constexpr std::string_view kPlaceholder = "{file}";
  std::vector<std::string> words = {program.string()};
  if (definition.config) {
    const std::string path = config_path(definition), &argument = definition.config->arg;
    for (std::size_t from = 0; (from = argument.find_first_not_of(' ', from)) != std::string::npos;) {
      std::string word = argument.substr(from, argument.find(' ', from) - from);
      from += word.size();
      if (const std::size_t at = word.find(kPlaceholder); at != std::string::npos)
        word.replace(at, kPlaceholder.size(), path);
      words.push_back(std::move(word));
    }
  }
  words.insert(words.end(), definition.args.begin(), definition.args.end());
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

}  // namespace ktstr
