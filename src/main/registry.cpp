// SPDX-License-Identifier: Apache-2.0
#include "main/registry.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace ktstr {

std::optional<std::string> registration_mistake(const std::vector<TestEntry>& tests, const TestEntry& entry) {
  const auto same =
      std::find_if(tests.begin(), tests.end(), [&](const TestEntry& other) { return other.name == entry.name; });
  if (same != tests.end())
    return fmt::format("two tests are named {}: {}:{} and {}:{}", entry.name, same->file, same->line, entry.file,
                       entry.line);
  if (entry.name.empty()) return fmt::format("a test without a name at {}:{}", entry.file, entry.line);
  return std::nullopt;
}

// In a function, so that it is there before the first registration of any file.
std::vector<TestEntry>& registered_tests() {
  static std::vector<TestEntry> tests;
  return tests;
}

TestRegistration::TestRegistration(std::string name, TestBody body, const char* file, int line,
                                   TestAttributes attributes) {
  TestEntry entry{std::move(name), std::move(attributes), body, file, line};
  if (const auto mistake = registration_mistake(registered_tests(), entry)) {
    // Before main(): nobody could catch an exception or ask for a result.
    std::fprintf(stderr, "ktstr: error: %s\n", mistake->c_str());
    std::abort();
  }
  registered_tests().push_back(std::move(entry));
}

namespace {

std::filesystem::path source_of(const std::filesystem::path& file, const std::filesystem::path& program) {
  std::error_code error;
  for (auto above = program.parent_path();; above = above.parent_path()) {
    if (std::filesystem::is_regular_file(above / file, error)) return above / file;
    if (!above.has_relative_path()) break;
  }
  const auto here = std::filesystem::absolute(file, error);
  return std::filesystem::is_regular_file(here, error) ? here : program.parent_path() / file.filename();
}

}  // namespace

std::vector<SchedulerDefinition> schedulers_declared_in(const std::filesystem::path& program,
                                                        std::vector<SchedulerDefinition> registered) {
  for (SchedulerDefinition& each : registered)
    if (std::filesystem::path(each.file).is_relative())
      each.file = source_of(each.file, program).lexically_normal().string();
  return registered;
}

std::vector<SchedulerDefinition>& registered_schedulers() {
  static std::vector<SchedulerDefinition> schedulers;
  return schedulers;
}

SchedulerRegistration::SchedulerRegistration(std::string name, const char* file, int line,
                                             SchedulerDefinition definition) {
  definition.name = std::move(name);
  definition.file = file;
  definition.line = line;
  for (const SchedulerDefinition& other : registered_schedulers()) {
    if (other.name != definition.name) continue;
    std::fprintf(stderr, "ktstr: error: two schedulers are named %s: %s:%d and %s:%d\n", other.name.c_str(),
                 other.file.c_str(), other.line, file, line);
    std::abort();
  }
  registered_schedulers().push_back(std::move(definition));
}

}  // namespace ktstr
