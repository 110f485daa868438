// SPDX-License-Identifier: Apache-2.0
#include "payload/payload_program.h"

#include <unistd.h>

#include <cstdlib>

namespace ktstr {

namespace {

bool is_program(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? std::string() : std::string(separator)) + word;
  return text;
}

std::string_view name_of(std::string_view variable) { return variable.substr(0, variable.find('=')); }

}  // namespace

Result<fs::path> find_payload_program(const Payload& payload, const std::vector<std::string>& search_path) {
  constexpr const char* kWayOut =
      "declare the payload in the test's `payloads`, or as [[payload]] in the scenario file: only programs of declared "
      "payloads are brought into the guest";
  const fs::path program = payload.program_name();
  if (program.is_absolute()) {
    if (is_program(program)) return program;
    std::error_code error;
    return fail(ErrorCode::kNotFound, "the program of payload '{}' {}: {}", payload.name(),
                fs::exists(program, error) ? "cannot be executed" : "is not there", program.string())
        .with_hint(kWayOut);
  }
  for (const std::string& directory : search_path) {
    fs::path candidate = fs::path(directory) / program.filename();
    if (is_program(candidate)) return candidate;
  }
  return fail(ErrorCode::kNotFound, "the program '{}' of payload '{}' is in none of: {}", program.string(),
              payload.name(), search_path.empty() ? "(no directories to search)" : joined(search_path, ", "))
      .with_hint(kWayOut);
}

std::vector<std::string> payload_environment(const std::vector<std::string>& search_path, const std::string& mark) {
  std::vector<std::string> variables;
  std::string path = joined(search_path, ":");
  if (const char* ours = std::getenv("PATH"); ours != nullptr && *ours != '\0')
    path += (path.empty() ? "" : ":") + std::string(ours);
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (name_of(*entry) != "PATH" && name_of(*entry) != name_of(mark)) variables.emplace_back(*entry);
  if (!path.empty()) variables.push_back("PATH=" + path);
  variables.push_back(mark);
  return variables;
}

}  // namespace ktstr
