// SPDX-License-Identifier: Apache-2.0
#include "cli/repeat_command.h"

#include <cctype>
#include <cstdlib>

#include "scenario_file/scenario_file.h"

namespace ktstr::cli {

namespace {

// NAME=value with only the value quoted: sh takes a quoted NAME= for a program.
std::string quote_assignment(std::string_view assignment) {
  const std::size_t equals = assignment.find('=') + 1;
  return std::string(assignment.substr(0, equals)) + shell_quote(assignment.substr(equals));
}

bool is_repeated(const Setting& setting, const RunRequest& request, const RunOptions& options) {
  if (setting.repeated == Repeated::kNever || (request.on_host && setting.of_guests)) return false;
  if (setting.repeated == Repeated::kAlways || options.gives(setting.flag())) return true;
  return setting.repeated == Repeated::kWhereGivenOrOther && setting.show(request) != setting.show({});
}

}  // namespace

std::vector<std::string> deciding_environment() {
  std::vector<std::string> settings;
  for (const char* name : {"KTSTR_QEMU", "KTSTR_AGENT", "XDG_CACHE_HOME"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') settings.push_back(fmt::format("{}={}", name, value));
  }
  return settings;
}

std::string named_for_repeat(const std::filesystem::path& file) {
  if (file.native().starts_with(kCannedPrefix)) return file.native();
  std::error_code error;  // the current directory may be gone: reading the file says so
  return std::filesystem::absolute(file, error).lexically_normal().native();
}

std::string repeat_command(const Invocation& invocation, const RunRequest& request, const RunOptions& options) {
  std::vector<std::string> words = {std::filesystem::absolute(invocation.program).string()};
  words.insert(words.end(), invocation.selection.begin(), invocation.selection.end());
  for (const Setting& setting : settings()) {
    // Host mode is said where a guest's machine would be.
    if (request.on_host && setting.flag() == "--topology") words.emplace_back("--host");
    if (!is_repeated(setting, request, options)) continue;
    words.emplace_back(setting.flag());
    words.push_back(setting.show(request));
  }
  if (!request.settings.args.empty()) {
    words.emplace_back("--");
    words.insert(words.end(), request.settings.args.begin(), request.settings.args.end());
  }
  std::string line;
  for (const std::string& setting : invocation.environment) line += quote_assignment(setting) + ' ';
  if (request.definition)
    for (const std::string& setting : request.definition->variables) line += quote_assignment(setting) + ' ';
  return line + shell_join(words);
}

}  // namespace ktstr::cli
