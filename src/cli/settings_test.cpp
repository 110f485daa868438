// SPDX-License-Identifier: Apache-2.0
#include "cli/settings.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace ktstr::cli {
namespace {

// The guide explains what it is for; the help comes from the row itself.
TEST(Settings, AreNamedInTheGuide) {
  std::string guide;
  for (const auto& page : fs::directory_iterator(fs::path(KTSTR_DOCS) / "guide"))
    guide += read_text(page.path()).value_or("");
  for (const Setting& each : settings()) {
    const std::string all = each.flags, shortest = all.substr(0, all.find(','));  // "-j,--jobs"
    EXPECT_NE(guide.find(shortest), std::string::npos) << each.flags;
  }
}

TEST(Settings, ThatAFileHasAKeyForAreInItsPage) {
  const auto page = read_text(fs::path(KTSTR_DOCS) / "guide" / "writing-a-scenario.md");
  ASSERT_TRUE(page);
  for (const RunSetting& each : run_settings())
    EXPECT_NE(page->find(fmt::format("| `{}` |", each.key)), std::string::npos) << each.key;
}

}  // namespace
}  // namespace ktstr::cli
