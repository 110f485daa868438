// SPDX-License-Identifier: Apache-2.0
//
// What no tool checks: no folder is so full that nobody finds anything in it, and a warning that is switched off says
// why.
#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <regex>
#include <sstream>

#include "base/file.h"

namespace ktstr {
namespace {

constexpr int kMostFiles = 45;

// Below the source tree; not what a build has made there.
void for_each_file(const std::function<void(const fs::path&)>& look) {
  for (const char* folder :
       {"bench", "bpf", "cmake", "docs", "examples", "fuzz", "include", "packaging", "plugin", "src", "tests"})
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(KTSTR_SOURCE_DIR) / folder))
      if (entry.is_regular_file() && entry.path().extension() != ".pyc") look(entry.path());
}

// "NOLINT", "NOLINTNEXTLINE(check)", ... without words after it. C++ comments have them on the same line.
bool is_without_reason(const std::string& line) {
  static const std::regex alone(R"(NOLINT\w*(\([^)]*\))?[\s:,.*/-]*$)");
  return line.find("NOLINT") != std::string::npos && std::regex_search(line, alone);
}

TEST(Style, NoFolderHasMoreThan45Files) {
  std::map<fs::path, int> files;
  for_each_file([&](const fs::path& file) { ++files[file.parent_path()]; });
  ASSERT_GT(files.size(), 40U);
  for (const auto& [folder, count] : files) EXPECT_LE(count, kMostFiles) << folder << ": it has more than one subject";
}

TEST(Style, WhatSwitchesACheckOffSaysWhy) {
  for_each_file([](const fs::path& file) {
    if (file.extension() != ".cpp" && file.extension() != ".h") return;
    if (file.filename() == "style_test.cpp") return;
    std::istringstream text(read_text(file).value_or(""));
    for (std::string line; std::getline(text, line);) EXPECT_FALSE(is_without_reason(line)) << file << ": " << line;
  });
}

TEST(Style, KnowsAReasonFromNone) {
  for (const char* line : {"f();  // NOLINT", "// NOLINTNEXTLINE(bugprone-x)", "f();  // NOLINT(bugprone-x):"})
    EXPECT_TRUE(is_without_reason(line)) << line;
  for (const char* line : {"f();  // NOLINT(bugprone-x): the kernel's own name", "f();  // NOLINT: moved on purpose"})
    EXPECT_FALSE(is_without_reason(line)) << line;
}

}  // namespace
}  // namespace ktstr
