// SPDX-License-Identifier: Apache-2.0
//
// Each file says its licence in one of its first lines: GPL-2.0-only in bpf/, in other BPF code and for the kernel
// module of the tests, GPL-2.0-or-later in plugin/, Apache-2.0 elsewhere.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.h"

namespace ktstr {
namespace {

constexpr std::string_view kTag = "SPDX-License-Identifier: ";
constexpr std::size_t kFirstLines = 400;  // characters

// The texts of the licences, what a program prints, bytecode, pictures, and JSON, which knows no comments.
bool needs_none(const fs::path& path) {
  return path.filename() == "LICENSE" || path.extension() == ".json" || path.extension() == ".pyc" ||
         path.extension() == ".png" || std::find(path.begin(), path.end(), "golden") != path.end();
}

// Empty for a file without a licence line.
std::string licence_of(const fs::path& path) {
  const auto text = read_text(path);
  if (!text) return {};
  const std::string first = text->substr(0, kFirstLines);
  const auto at = first.find(kTag);
  if (at == std::string::npos) return {};
  const auto begin = at + kTag.size();
  return first.substr(begin, first.find_first_of(" \n", begin) - begin);
}

constexpr const char* kModule = "tests/kernel_faults";

void expect_below(const fs::path& directory, const std::string& licence, const fs::path& passed_over = {}) {
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file() || needs_none(entry.path()) || entry.path().parent_path() == passed_over) continue;
    const bool is_bpf = entry.path().filename().string().find(".bpf.") != std::string::npos;
    EXPECT_EQ(licence_of(entry.path()), is_bpf ? "GPL-2.0-only" : licence) << entry.path();
  }
}

TEST(Licence, IsNamedInEachFile) {
  const fs::path source = KTSTR_SOURCE_DIR;
  for (const char* directory : {"bench", "cmake", "docs", "examples", "fuzz", "include", "packaging", "src", "tests"})
    expect_below(source / directory, "Apache-2.0", source / kModule);
  expect_below(source / "bpf", "GPL-2.0-only");
  expect_below(source / kModule, "GPL-2.0-only");
  expect_below(source / "plugin", "GPL-2.0-or-later");
  for (const char* file : {"CHANGELOG.md", "CMakeLists.txt", "README.md", "dev.sh"})
    EXPECT_EQ(licence_of(source / file), "Apache-2.0") << file;
}

}  // namespace
}  // namespace ktstr
