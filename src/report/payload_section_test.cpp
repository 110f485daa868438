// SPDX-License-Identifier: Apache-2.0
#include "report/payload_section.h"

#include <gmock/gmock.h>

#include <limits>
#include <numeric>

#include "report/testing/sample_records.h"

namespace ktstr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

RunRecord with(PayloadReport report) {
  RunRecord record;
  record.payloads = {std::move(report)};
  return record;
}

TEST(PayloadTable, IsNothingWithoutPayloads) { EXPECT_EQ(payload_table(RunRecord{}, "  "), ""); }

TEST(PayloadTable, OfOneWithoutMetricsIsHowItEnded) {
  EXPECT_EQ(payload_table(with({.name = "true", .exit = "exit status 0", .exit_code = 0}), ""),
            "payload  cgroup      step  ran  end\n"
            "true     -       backdrop    0  exit status 0\n");
}

TEST(PayloadTable, ShowsNumbersOfAnySize) {
  PayloadReport report{.name = "p"};
  for (const double value : {0.0, 12'345'678'901.0, 1234.56, 12.345, 0.00125, std::nan("")})
    report.metrics.push_back({.name = "m", .value = value});
  const std::string table = payload_table(with(report), "");
  for (const char* shown : {" 0\n", " 12345678901\n", " 1235\n", " 12.35\n", " 0.0013\n", " no number\n"})
    EXPECT_THAT(table, HasSubstr(shown));
}

TEST(PayloadTable, SaysWhichWayIsBetterOnlyWhereOneIs) {
  PayloadReport report{.name = "p", .metrics = {{"a", 1, Polarity::kHigher, "x"}, {"b", 1, Polarity::kNeutral, "x"}}};
  EXPECT_THAT(payload_table(with(report), ""), AllOf(HasSubstr("higher"), Not(HasSubstr("neutral"))));
}

TEST(PayloadOutput, IsShownOfThoseThatDidBadly) {
  PayloadReport report{.name = "p", .cgroup = "cg", .step = 2, .exit_code = 0, .output_tail = "a\n\nb"};
  EXPECT_THAT(payload_output(with(report), false), IsEmpty());
  ASSERT_EQ(payload_output(with(report), true).size(), 1u);
  EXPECT_EQ(payload_output(with(report), true)[0].title, "Output of p in cg, step 2");
  EXPECT_THAT(payload_output(with(report), true)[0].lines, ElementsAre("a", "", "b"));
  report.exit_code = 3;
  EXPECT_EQ(payload_output(with(report), false).size(), 1u);
  report.exit_code = -1;
  report.killed = true;
  EXPECT_THAT(payload_output(with(report), false), IsEmpty());
  report.missing = {"m: none"};
  EXPECT_EQ(payload_output(with(report), false).size(), 1u);
}

TEST(CaptureLines, CountTheTasksAndListTheFirstOfThem) {
  ProcsCapture many{.tag = "all", .cgroup = "", .step = 0};
  many.pids.resize(70);
  std::iota(many.pids.begin(), many.pids.end(), 100);
  const auto lines = capture_lines({{"one", "cg_0", 3, {7}}, {"none", "cg_0", 3, {}}, many});
  EXPECT_EQ(lines[0], "one: 1 task in cg_0 (step 3): 7");
  EXPECT_EQ(lines[1], "none: 0 tasks in cg_0 (step 3)");
  EXPECT_THAT(lines[2], HasSubstr("all: 70 tasks in the body's own cgroup: 100 101"));
  EXPECT_THAT(lines[2], HasSubstr("163 ... and 6 more"));
}

}  // namespace
}  // namespace ktstr
