// SPDX-License-Identifier: Apache-2.0
#include "report/units.h"

#include <gtest/gtest.h>

#include <cmath>

#include "report/report_sections.h"
#include "report/table.h"

namespace ktstr {
namespace {

TEST(ShortDuration, HasThreeDigitsAndAUnit) {
  const std::pair<std::uint64_t, const char*> cases[] = {{0, "0"},
                                                         {1, "1ns"},
                                                         {999, "999ns"},
                                                         {1000, "1.00us"},
                                                         {12'345, "12.3us"},
                                                         {123'456, "123us"},
                                                         {999'600, "1.00ms"},
                                                         {20'100'000, "20.1ms"},
                                                         {999'499'999, "999ms"},
                                                         {999'500'000, "1.00s"},
                                                         {4'012'000'000, "4.01s"},
                                                         {99'960'000'000, "100s"},
                                                         {UINT64_MAX, "18446744074s"}};
  for (const auto& [ns, text] : cases) EXPECT_EQ(short_duration(ns), text) << ns;
}

TEST(ShortCount, IsExactAsLongAsItIsShort) {
  EXPECT_EQ(short_count(0), "0");
  EXPECT_EQ(short_count(99'999), "99999");
  EXPECT_EQ(short_count(184'211), "184k");
  EXPECT_EQ(short_count(1'234'567), "1.23M");
  EXPECT_EQ(short_count(12'345'678'901), "12.3G");
}

TEST(ShortPercent, SaysWhatIsNoNumber) {
  EXPECT_EQ(short_percent(0), "0%");
  EXPECT_EQ(short_percent(12.345), "12.3%");
  EXPECT_EQ(short_percent(100), "100%");
  EXPECT_EQ(short_percent(std::nan("")), "-");
}

TEST(Printable, LeavesTextAndTakesControl) {
  EXPECT_EQ(printable("a\tb\r\n"), "a b");
  EXPECT_EQ(printable("\x1b[1;31mred\x1b[0m"), "red");
  EXPECT_EQ(printable("\x1b]0;title\ax\x1b]0;t\x1b\\y"), "xy");
  EXPECT_EQ(printable("cut \x1b["), "cut ");
  EXPECT_EQ(printable("\x1b"), "");
  EXPECT_EQ(printable("\xc3\xa9"), "\xc3\xa9");
  EXPECT_EQ(printable("\xc2\x9b\u202e\x7f"), "\\u009b\\u202e\\u007f");
}

TEST(Shortened, SaysThatSomethingIsMissing) {
  EXPECT_EQ(shortened("0-3", 5), "0-3");
  EXPECT_EQ(shortened("0,2,4,6", 5), "0,2..");
}

TEST(Table, LeavesOutEmptyColumnsAndTrailingBlanks) {
  Table table({"name", "step", "n", "end"});
  table.add({"a", "", "1", ""});
  table.add({"longer", "", "1000", "died"});
  EXPECT_EQ(table.render("  "), "  name       n   end\n  a          1\n  longer  1000  died\n");
}

TEST(LogLines, KeepTheLastAndCountRepeats) {
  EXPECT_EQ(log_lines({"a", "b", "b", "b", "c"}, 4),
            (std::vector<std::string>{"... 1 earlier line", "b", "... the same 2 more times", "c"}));
  EXPECT_TRUE(log_lines({}, 4).empty());
}

TEST(CheckedSummary, GroupsByCheck) {
  EXPECT_EQ(checked_summary({{"gap: the 4 workers of a, limit 5 ms", 1},
                             {"gap: the 4 workers of b, limit 5 ms", 2},
                             {"isolation: a", 1},
                             {"my claim: with a colon"},
                             {"spread: x, limit 1%", 1},
                             {"spread: y, limit 2%", 1}}),
            "gap (limit 5 ms), isolation, my claim: with a colon, spread");
}

}  // namespace
}  // namespace ktstr
