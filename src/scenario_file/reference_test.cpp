// SPDX-License-Identifier: Apache-2.0
#include "scenario_file/reference.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "cgroup/knob_table.h"
#include "ktstr/cpuset.h"
#include "scenario/ops/op_table.h"
#include "scenario_file/check_table.h"
#include "scenario_file/run_setting.h"
#include "scenario_file/scenario_file.h"

namespace ktstr {
namespace {

// "\"llc:0\"" without its quotes.
std::string unquoted(std::string_view form) { return std::string(form.substr(1, form.size() - 2)); }

// The first line that differs, as it should be; the page as a whole would bury it.
std::string first_difference(const std::string& stored, const std::string& made) {
  if (stored == made) return "";
  const auto [in_stored, in_made] = std::mismatch(stored.begin(), stored.end(), made.begin(), made.end());
  const auto at = static_cast<std::size_t>(in_made - made.begin());
  const std::size_t begin = at == 0 ? 0 : made.rfind('\n', at - 1) + 1;  // npos + 1 is 0
  return fmt::format("line {}: {}", std::count(made.begin(), in_made, '\n') + 1,
                     made.substr(begin, made.find('\n', at) - begin));
}

TEST(Reference, IsStoredAsItIsMade) {
  const fs::path page = fs::path(KTSTR_DOCS) / "guide" / "reference.md";
  if (std::getenv("KTSTR_STORE_REFERENCE") != nullptr) {
    ASSERT_TRUE(write_text(page, scenario_reference()));
  }
  const auto stored = read_text(page);
  ASSERT_TRUE(stored) << stored.error().render();
  EXPECT_EQ(first_difference(*stored, scenario_reference()), "")
      << "store it anew: KTSTR_STORE_REFERENCE=1 build/test/scenario_file_test --gtest_filter=Reference.*";
}

TEST(Reference, ListsEveryOpAndEveryKnob) {
  const std::string page = scenario_reference();
  for (const std::string_view name : op_names()) EXPECT_NE(page.find(fmt::format("| `{}` |", name)), std::string::npos);
  for (std::size_t i = 0; i < kKnobCount; ++i)
    EXPECT_NE(page.find(fmt::format("| `{}` |", knob_row(static_cast<Knob>(i)).name)), std::string::npos);
}

TEST(Reference, ListsEverySettingThatTheCommandLineCanRepeat) {
  const std::string page = scenario_reference();
  for (const RunSetting& each : run_settings()) {
    EXPECT_NE(page.find(fmt::format("| `{}` |", each.key)), std::string::npos);
    EXPECT_EQ(*each.flags == '\0', each.show == nullptr) << each.key;
  }
}

TEST(Reference, ListsEveryCheckWithAFormThatIsTaken) {
  const std::string page = scenario_reference();
  for (const CheckRow& row : check_rows()) {
    EXPECT_NE(page.find(fmt::format("| `{}` |", row.key)), std::string::npos);
    // Its last alternative: "a time like "2s", or false" is false.
    const bool takes_false = row.written.ends_with("false");
    const std::string value = takes_false ? "false" : row.written.ends_with("texts") ? "['a']" : "5";
    EXPECT_TRUE(parse_scenario(fmt::format("[checks]\n{} = {}\n[[cgroup]]\nname = 'a'\n", row.key, value), "t.toml"))
        << row.key;
  }
}

TEST(Reference, ListsFormsThatTheirParsersTake) {
  for (const TextForm& each : cpuset_forms()) EXPECT_TRUE(CpusetSpec::parse(unquoted(each.form))) << each.form;
  for (const TextForm& each : affinity_forms()) EXPECT_TRUE(AffinityIntent::parse(unquoted(each.form))) << each.form;
  for (const TextForm& each : worker_forms())
    EXPECT_TRUE(parse_scenario(fmt::format("[[cgroup]]\nname = \"a\"\n{}\n", each.form), "t.toml")) << each.form;
}

}  // namespace
}  // namespace ktstr
