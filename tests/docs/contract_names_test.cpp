// SPDX-License-Identifier: Apache-2.0
//
// docs/scenario-contract.md names the tests that prove each promise: they are there, and where it says. `Suite.Name`,
// `.Name` of the suite named before it, `Suite.*`; `some_name` of a test of tests/guest. "(src/MODULE)" after a name is
// the folder of its file.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "base/file.h"

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const fs::path kSource = KTSTR_SOURCE_DIR;

std::string read(const fs::path& path) {
  auto text = read_text(path);
  EXPECT_TRUE(text.has_value()) << path;
  return text ? *std::move(text) : std::string();
}

struct KnownTests {
  std::map<std::string, std::set<std::string>> suites;  // the files of each suite
  std::map<std::string, std::string> names;             // "Suite.Name": its file
  std::set<std::string> guest;
};

KnownTests all_tests() {
  const std::regex unit(R"(\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\))"), property(R"(RC_GTEST_PROP\(\s*(\w+),\s*(\w+))"),
      guest(R"(\bKTSTR_TEST\(\s*(\w+))");
  KnownTests known;
  for (const char* directory : {"src", "tests", "bpf", "plugin"})
    for (const auto& entry : fs::recursive_directory_iterator(kSource / directory)) {
      if (entry.path().extension() != ".cpp") continue;
      const std::string file = entry.path().lexically_relative(kSource);
      std::istringstream text(read(entry.path()));
      for (std::string line; std::getline(text, line);) {
        std::smatch found;
        if (!line.starts_with("TEST") && !line.starts_with("RC_GTEST") && !line.starts_with("KTSTR_TEST")) continue;
        if (std::regex_search(line, found, unit) || std::regex_search(line, found, property)) {
          known.names[found[1].str() + "." + found[2].str()] = file;
          known.suites[found[1]].insert(file);
        } else if (std::regex_search(line, found, guest)) {
          known.guest.insert(found[1]);
        }
      }
    }
  return known;
}

// What a page names of the tests that there are: how many, and what is wrong.
struct Named {
  int checked = 0;
  std::vector<std::string> wrong;
};

Named check_names(const std::string& page, const KnownTests& known) {
  // A name in parentheses is something else: an entry point.
  const std::regex named(R"((\(?)`([^`]+)`|\(((?:src|tests)/\w+)\))"), unit(R"(([A-Z]\w*)?\.([A-Z]\w*|\*))"),
      guest("[a-z][a-z0-9]*(?:_[a-z0-9]+)+");
  Named result;
  int number = 0;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    ++number;
    // Of a table's row, its last cell.
    const auto cell = line.starts_with("| ") ? line.rfind(" | ") : 0;
    const std::string proofs = line.substr(std::min(cell, line.size()));
    std::string suite;
    std::set<std::string> files;  // of the test named last
    const auto wrong = [&](const std::string& what) {
      result.wrong.push_back(fmt::format("line {}: {}", number, what));
    };
    for (std::sregex_iterator at(proofs.begin(), proofs.end(), named), end; at != end; ++at) {
      const std::string name = (*at)[2], folder = (*at)[3];
      std::smatch parts;
      if (!folder.empty()) {
        const bool there = std::any_of(files.begin(), files.end(),
                                       [&](const std::string& file) { return file.starts_with(folder + "/"); });
        if (!files.empty() && !there) wrong("not in " + folder);
      } else if (std::regex_match(name, parts, unit)) {
        if (parts[1].length() > 0) suite = parts[1];
        const std::string full = suite + "." + parts[2].str();
        files.clear();
        if (parts[2] == "*" && known.suites.contains(suite)) files = known.suites.at(suite);
        if (known.names.contains(full)) files = {known.names.at(full)};
        if (files.empty()) wrong(full);
        ++result.checked;
      } else if ((*at)[1].length() == 0 && std::regex_match(name, guest)) {
        if (!known.guest.contains(name)) wrong("guest " + name);
        ++result.checked;
      }
    }
  }
  return result;
}

TEST(Contract, NamesTestsThatThereAre) {
  const KnownTests known = all_tests();
  ASSERT_GT(known.names.size(), 1000U);
  const Named named = check_names(read(kSource / "docs" / "scenario-contract.md"), known);
  EXPECT_THAT(named.wrong, IsEmpty());
  EXPECT_GT(named.checked, 170);
}

TEST(Contract, IsCheckedInEachPlaceWhereItNamesATest) {
  const KnownTests known = {.suites = {{"Ops", {"src/scenario/ops_test.cpp"}}},
                            .names = {{"Ops.Are", "src/scenario/ops_test.cpp"}},
                            .guest = {"a_guest_test"}};
  const auto wrong = [&](const std::string& line) { return check_names(line, known).wrong; };
  EXPECT_THAT(
      wrong("| 1 | a `promise_of` it | `Ops.Are` (`execute_defs`), `.Are` (src/scenario), `Ops.*`; `a_guest_test` |"),
      IsEmpty());
  EXPECT_THAT(wrong("| 1 | promise | `Ops.Are`, `.AreNot` |"), ElementsAre("line 1: Ops.AreNot"));
  EXPECT_THAT(wrong("| 1 | promise | `Steps.*` |"), ElementsAre("line 1: Steps.*"));
  EXPECT_THAT(wrong("| 1 | promise | `Ops.Are` (src/workload) |"), ElementsAre("line 1: not in src/workload"));
  // With and without the word before it, in a cell and in text.
  EXPECT_THAT(wrong("| 1 | how | what | `no_guest_test` |"), ElementsAre("line 1: guest no_guest_test"));
  EXPECT_THAT(wrong("| 1 | promise | guest `no_guest_test` |"), ElementsAre("line 1: guest no_guest_test"));
  EXPECT_THAT(wrong("\nRefused in `no_guest_test` by `io.max`."), ElementsAre("line 2: guest no_guest_test"));
}

}  // namespace
}  // namespace ktstr
