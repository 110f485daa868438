// SPDX-License-Identifier: Apache-2.0
//
// docs/scenario-contract.md names the tests that prove each promise: they are there. `Suite.Name`, `.Name` of the suite
// named before it, `Suite.*`; behind *guest*, `name` of a test of tests/guest.
#include <gmock/gmock.h>

#include <regex>
#include <set>

#include "base/file.h"

namespace ktstr {
namespace {

const fs::path kSource = KTSTR_SOURCE_DIR;

std::string read(const fs::path& path) {
  auto text = read_text(path);
  EXPECT_TRUE(text.has_value()) << path;
  return text ? *std::move(text) : std::string();
}

// Of the source tree, or of a cgroup.
bool is_file(const std::string& name) {
  const fs::path path = name;
  return path.extension() == ".txt" || path.extension() == ".cpp" || name.starts_with("cgroup.");
}

struct KnownTests {
  std::set<std::string> names, suites, guest;
};

KnownTests all_tests() {
  const std::regex unit(R"(\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\))"), property(R"(RC_GTEST_PROP\(\s*(\w+),\s*(\w+))"),
      guest(R"(\bKTSTR_TEST\(\s*(\w+))");
  KnownTests known;
  for (const char* directory : {"src", "tests", "bpf", "plugin"})
    for (const auto& entry : fs::recursive_directory_iterator(kSource / directory)) {
      if (entry.path().extension() != ".cpp") continue;
      std::istringstream text(read(entry.path()));
      for (std::string line; std::getline(text, line);) {
        std::smatch found;
        if (!line.starts_with("TEST") && !line.starts_with("RC_GTEST") && !line.starts_with("KTSTR_TEST")) continue;
        if (std::regex_search(line, found, unit) || std::regex_search(line, found, property)) {
          known.names.insert(found[1].str() + "." + found[2].str());
          known.suites.insert(found[1]);
        } else if (std::regex_search(line, found, guest)) {
          known.guest.insert(found[1]);
        }
      }
    }
  return known;
}

TEST(Contract, NamesTestsThatThereAre) {
  const KnownTests known = all_tests();
  ASSERT_GT(known.names.size(), 1000U);
  const std::regex code("`([^`]+)`"), unit(R"((\w*)\.(\w+|\*))"), guest("[a-z][a-z0-9_]*");
  int checked = 0, number = 0;
  std::istringstream page(read(kSource / "docs" / "scenario-contract.md"));
  for (std::string line; std::getline(page, line);) {
    ++number;
    if (!line.starts_with("| ") || line.starts_with("| |")) continue;
    const auto promise_end = line.find(" | ", line.find(" | ") + 3);
    const std::string proofs = line.substr(std::min(promise_end, line.size()));
    const auto guest_begin = proofs.find("guest `");
    std::string suite;
    for (std::sregex_iterator at(proofs.begin(), proofs.end(), code), end; at != end; ++at) {
      const std::string name = (*at)[1];
      std::smatch parts;
      if (std::regex_match(name, parts, unit) && !is_file(name)) {
        if (parts[1].length() > 0) suite = parts[1];
        ++checked;
        if (parts[2] == "*")
          EXPECT_TRUE(known.suites.contains(suite)) << "line " << number << ": " << name;
        else
          EXPECT_TRUE(known.names.contains(suite + "." + parts[2].str())) << "line " << number << ": " << name;
      } else if (guest_begin != std::string::npos && static_cast<std::size_t>(at->position()) > guest_begin &&
                 std::regex_match(name, guest)) {
        ++checked;
        EXPECT_TRUE(known.guest.contains(name)) << "line " << number << ": guest " << name;
      }
    }
  }
  EXPECT_GT(checked, 150);
}

}  // namespace
}  // namespace ktstr
