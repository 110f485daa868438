// SPDX-License-Identifier: Apache-2.0
#include "scenario/reference.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "cgroup/knob_table.h"
#include "ktstr/cpuset.h"
#include "scenario/op_table.h"

namespace ktstr {
namespace {

// "\"llc:0\"" without its quotes.
std::string unquoted(std::string_view form) { return std::string(form.substr(1, form.size() - 2)); }

TEST(Reference, IsStoredAsItIsMade) {
  const fs::path page = fs::path(KTSTR_DOCS) / "guide" / "reference.md";
  if (std::getenv("KTSTR_STORE_REFERENCE") != nullptr) {
    ASSERT_TRUE(write_text(page, scenario_reference()));
  }
  const auto stored = read_text(page);
  ASSERT_TRUE(stored) << stored.error().render();
  EXPECT_EQ(*stored, scenario_reference())
      << "store it anew: KTSTR_STORE_REFERENCE=1 build/test/scenario_test --gtest_filter=Reference.*";
}

TEST(Reference, ListsEveryOpAndEveryKnob) {
  const std::string page = scenario_reference();
  for (const std::string_view name : op_names()) EXPECT_NE(page.find(fmt::format("| `{}` |", name)), std::string::npos);
  for (std::size_t i = 0; i < kKnobCount; ++i)
    EXPECT_NE(page.find(fmt::format("| `{}` |", knob_row(static_cast<Knob>(i)).name)), std::string::npos);
}

TEST(Reference, ListsFormsThatTheirParsersTake) {
  for (const TextForm& each : cpuset_forms()) EXPECT_TRUE(CpusetSpec::parse(unquoted(each.form))) << each.form;
  for (const TextForm& each : affinity_forms()) EXPECT_TRUE(AffinityIntent::parse(unquoted(each.form))) << each.form;
}

}  // namespace
}  // namespace ktstr
