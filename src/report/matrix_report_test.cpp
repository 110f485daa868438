// SPDX-License-Identifier: Apache-2.0
//
// The text is compared with golden/matrix*.txt: see text_report_test.cpp.
#include "report/matrix_report.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/testing/approved.h"
#include "report/testing/sample_records.h"

namespace ktstr {
namespace {

using ::testing::HasSubstr;

BatchResult two_by_two() {
  BatchResult found;
  for (const char* topology : {"1n1l2c1t", "1n2l2c1t"}) {
    for (const char* scheduler : {"", "build/bin/scx_ktstr --slice-us 3000"}) {
      Cell& cell = found.cells.emplace_back();
      cell.number = found.cells.size();
      cell.test = "two_cgroups";
      cell.values = {{"topology", topology}, {"scheduler", scheduler}};
      cell.runs = 20;
      cell.counts = {{Outcome::kPass, 20}};
    }
  }
  return found;
}

BatchResult batch_with_failures() {
  BatchResult found = two_by_two();
  found.cells[1].counts = {{Outcome::kPass, 18}, {Outcome::kFail, 2}};
  found.cells[2].counts = {{Outcome::kBadInput, 1}};
  found.cells[3].counts = {{Outcome::kPass, 3}, {Outcome::kFail, 1}};  // then --fail-fast
  found.groups = {{"stuck",
                   "worker # of cg_0 did not run for # (limit #)",
                   {2, 4},
                   "worker 3 of cg_0 did not run for 2412 ms (limit 2000 ms)",
                   "ktstr run /tmp/two_cgroups.toml --scheduler 'build/bin/scx_ktstr --slice-us 3000' "
                   "--topology 1n1l2c1t --mode det --seed 7",
                   "/home/me/.local/state/ktstr/runs/20261124-013855.417-two_cgroups-3fa2"}};
  return found;
}

std::size_t widest_of_table(const std::string& report) {
  std::size_t widest = 0;
  std::istringstream lines(report.substr(0, report.find("\nFailure")));
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, line.size());
  return widest;
}

TEST(MatrixReport, OfPassesIsATable) { expect_approved("matrix_pass", matrix_report(two_by_two())); }

TEST(MatrixReport, ShowsWhereItFailedAndHowToRepeatTheFirst) {
  expect_approved("matrix_failures", matrix_report(batch_with_failures()));
}

// A test of a program that runs on this machine has no topology.
TEST(MatrixReport, OfSeveralTestsNamesThem) {
  BatchResult found = two_by_two();
  Cell& last = found.cells.back();
  last.test = "on_this_machine";
  last.test_index = 1;
  last.values.clear();
  expect_approved("matrix_tests", matrix_report(found));
}

TEST(MatrixReport, LongValuesAreCutSoThatLinesFitATerminal) {
  BatchResult found = batch_with_failures();
  found.cells[0].counts = {{Outcome::kPass, 19}, {Outcome::kInconclusive, 1}};
  for (Cell& cell : found.cells) {
    cell.values[1].value = "/home/me/a/very/long/path/to/build-" + std::to_string(cell.number) + "/bin/scx_mine --fast";
    cell.values.push_back({"kernel", "/home/me/linux/another/long/path/to/vmlinux-7.3.4"});
    cell.values.push_back({"work-type", "Bursty(burst=50ms, sleep=100ms)"});
  }
  const std::string report = matrix_report(found);
  EXPECT_LE(widest_of_table(report), 80U) << report;
  EXPECT_THAT(report, HasSubstr("...x-7.3.4"));
}

TEST(MatrixReport, NothingRunIsNoPass) {
  BatchResult found = two_by_two();
  for (Cell& cell : found.cells) cell.counts.clear();
  EXPECT_THAT(matrix_report(found), HasSubstr("INTERRUPTED  two_cgroups, 4 cells: 4 not run\n"));
}

TEST(MatrixJson, HasAllRunsAndWhetherThoseOfEachCellWereEqual) {
  BatchResult found = two_by_two();
  for (Cell& cell : found.cells) {
    RunRecord record = passing_record();
    record.digest = std::to_string(cell.number);
    cell.records = {record, record};
  }
  const auto json = nlohmann::json::parse(json_report(found));
  EXPECT_EQ(json["runs"].size(), 8U);
  EXPECT_EQ(json["digests_equal"], true);
  found.cells[2].records[1].digest = "another";
  EXPECT_EQ(nlohmann::json::parse(json_report(found))["digests_equal"], false);
}

}  // namespace
}  // namespace ktstr
