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

}  // namespace ktstr
