// SPDX-License-Identifier: Apache-2.0
#include "results/run_id.h"

#include <gtest/gtest.h>

namespace ktstr {
namespace {

using std::chrono::milliseconds;
using WallClock = std::chrono::system_clock;

const WallClock::time_point kNow{milliseconds(1795484335417)};

TEST(RunId, SaysWhenAndWhat) {
  EXPECT_EQ(make_run_id(kNow, "two_cgroups", 0x3fa2), "20261124-013855.417-two_cgroups-3fa2");
}

TEST(RunId, SortsByTime) {
  EXPECT_LT(make_run_id(kNow, "z", 0xffff), make_run_id(kNow + milliseconds(1), "a", 0));
  EXPECT_LT(make_run_id(kNow, "z", 0xffff), make_run_id(kNow + std::chrono::hours(24 * 365), "a", 0));
}

TEST(RunId, IsAPlainDirectoryNameWhateverTheTestIsCalled) {
  EXPECT_EQ(make_run_id(kNow, "../a b/\n", 1), "20261124-013855.417-.._a_b__-0001");
  EXPECT_EQ(make_run_id(kNow, "", 1), "20261124-013855.417-run-0001");
  EXPECT_LE(make_run_id(kNow, std::string(1000, 'x'), 1).size(), 100u);
}

TEST(RunId, KnowsItsOwn) {
  EXPECT_TRUE(is_run_id(make_run_id(kNow, "../a b", 1)));
  EXPECT_TRUE(is_run_id(make_run_id(kNow, "", 0)));
  for (const char* other : {"", "notes", "20261124", "20261124-013855.417-x", "20261124-013855.417-a/b-0001",
                            "2026112x-013855.417-test-0001"})
    EXPECT_FALSE(is_run_id(other)) << other;
}

TEST(RunId, HasItsTest) {
  EXPECT_EQ(test_of_run_id(make_run_id(kNow, "two-cgroups", 0x3fa2)), "two_cgroups");
  EXPECT_EQ(test_of_run_id("notes"), "");
}
TEST(RunId, WritesRfc3339) { EXPECT_EQ(format_rfc3339(kNow), "2026-11-24T01:38:55Z"); }

}  // namespace
}  // namespace ktstr
