// SPDX-License-Identifier: Apache-2.0
//
// Every format is compared with an approved file, as in text_report_test.cpp, and read by a program that has nothing of
// our code.
#include "report/formats/report_format.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/system/process.h"
#include "base/testing/approved.h"
#include "report/testing/sample_records.h"

namespace ktstr {
namespace {

using ::testing::HasSubstr;

Cell cell_of(const RunRecord& record, std::uint64_t runs = 1) {
  Cell cell;
  cell.test = record.test;
  cell.runs = runs;
  return cell;
}

std::vector<ReportedRun> sample_runs() {
  std::vector<ReportedRun> runs;
  for (const RunRecord& record :
       {passing_record(), stalled_record(), skipped_record(), inconclusive_record(), lost_record(), bad_input_record()})
    runs.push_back(reported(cell_of(record), record, 1, true));
  return runs;
}

// What all formats are read as; null where one is not valid, or python is not there.
nlohmann::json read_by_others(const std::vector<ReportedRun>& runs) {
  const auto python = find_program("python3");
  const auto directory = TempDir::create(fs::temp_directory_path(), "ktstr-formats-test");
  if (!python || !directory) return {};
  for (const ReportFormat& format : report_formats())
    EXPECT_TRUE(write_text(directory->path() / fmt::format("report.{}", format.name), format.render(runs)));
  const auto ran = run_captured({.argv = {python->string(), KTSTR_CHECK_FORMATS, directory->path().string()}},
                                std::chrono::seconds(100));
  EXPECT_TRUE(ran && ran->status.success()) << ran->err;
  return nlohmann::json::parse(ran->out, nullptr, false);
}

TEST(ReportFormats, AreAsApproved) {
  for (const ReportFormat& format : report_formats())
    if (!format.wants_record) expect_approved(fmt::format("format_{}", format.name), format.render(sample_runs()));
}

TEST(ReportFormats, AreReadAsWhatTheyWereMadeFor) {
  const auto runs = sample_runs();
  const nlohmann::json read = read_by_others(runs);
  if (!read.is_object()) GTEST_SKIP() << "needs python3, which reads what was written";
  const std::vector<std::string> of_junit = {"pass", "failure", "skipped", "error", "error", "error"},
                                 of_ktap = {"pass", "fail", "skip", "error", "error", "error"},
                                 of_kcidb = {"pass", "fail", "skip", "error", "error", "error"};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    EXPECT_EQ(read["junit"][i], (nlohmann::json{runs[i].name, of_junit[i]}));
    EXPECT_EQ(read["ktap"][i], (nlohmann::json{runs[i].name, of_ktap[i]}));
    EXPECT_EQ(read["kcidb"][i], (nlohmann::json{runs[i].name, of_kcidb[i]}));
    EXPECT_EQ(read["html"][i], (nlohmann::json{runs[i].name, to_string(runs[i].outcome)}));
    EXPECT_EQ(read["jsonl"][i], (nlohmann::json{runs[i].test, to_string(runs[i].outcome)}));
  }
  EXPECT_EQ(read["github"].size(), 4u) << "neither of passes nor of skips";
  EXPECT_EQ(read["markdown"].size(), 5u);
}

// Names come from files and programs of others, messages from guests.
TEST(ReportFormats, NothingOfANameIsMarkup) {
  const std::string hostile[] = {
      "</testcase><script>alert(1)</script> & \"'",
      "a # SKIP b\nnot ok 1 c\n\\# d \\",
      "::error::x%0A\r\n::warning::y",
      "| a | b |\n```\n</details><img src=x onerror=y> [l](javascript:z) `c`\n``````",
      std::string("\x1b[2J\0\x01\xff\xfe \xef\xbf\xbe \xe2\x80\xae", 17),
      std::string(1'000'000, '<'),
      "",
  };
  for (const std::string& text : hostile) {
    std::vector<ReportedRun> runs;
    std::vector<RunRecord> records = {stalled_record()};
    if (text.size() < 1000) records = {passing_record(), stalled_record(), skipped_record(), lost_record()};
    for (RunRecord& record : records) {
      record.test = text;
      record.error = record.error.empty() ? "" : text;
      record.repeat_command = text;
      for (Detail& detail : record.details) detail.message = text;
      runs.push_back(reported(cell_of(record), record, 1, true));
    }
    const nlohmann::json read = read_by_others(runs);
    if (!find_program("python3")) GTEST_SKIP() << "needs python3, which reads what was written";
    ASSERT_TRUE(read.is_object()) << text.substr(0, 100);
    EXPECT_EQ(read["junit"].size(), runs.size());
    EXPECT_EQ(read["ktap"].size(), runs.size());
    EXPECT_EQ(read["html"].size(), runs.size());
  }
}

TEST(ReportFormats, OfNoRunsAreValidToo) {
  const nlohmann::json read = read_by_others({});
  if (!read.is_object()) GTEST_SKIP() << "needs python3, which reads what was written";
  for (const auto& [format, runs] : read.items()) EXPECT_TRUE(runs.empty()) << format;
}

TEST(ReportedRun, IsNamedByWhatTellsItFromItsCellsOthers) {
  RunRecord record = passing_record();
  record.test = "steady";
  record.tuple.seed = 7;
  Cell cell = cell_of(record);
  EXPECT_EQ(reported(cell, record, 1, false).name, "steady");
  cell.runs = 3;
  EXPECT_EQ(reported(cell, record, 2, false).name, "steady [run 2]");
  cell.values = {{"topology", "1n2l2c1t"}};
  cell.exploration.emplace();
  EXPECT_EQ(reported(cell, record, 2, false).name, "steady [topology 1n2l2c1t, seed 7]");
}

TEST(ReportedRun, SaysTheFirstFindingAndNoTextOfAPass) {
  const ReportedRun passed = reported(cell_of(passing_record()), passing_record(), 1, false);
  EXPECT_EQ(passed.kind + passed.message + passed.text, "");
  const ReportedRun stalled = reported(cell_of(stalled_record()), stalled_record(), 1, true);
  EXPECT_EQ(stalled.kind, "scheduler_stalled");
  EXPECT_THAT(stalled.text, HasSubstr("failed to run for 2.004s"));
  EXPECT_EQ(json_lines_report({&stalled, 1}).find('\n'), json_lines_report({&stalled, 1}).size() - 1);
  EXPECT_EQ(reported(cell_of(lost_record()), lost_record(), 1, false).kind, "infrastructure");
}

TEST(ReportTarget, IsAFormatAndAFile) {
  const auto target = ReportTarget::parse("junit:out/a:b.xml");
  ASSERT_TRUE(target);
  EXPECT_STREQ(target->format->name, "junit");
  EXPECT_EQ(target->path, "out/a:b.xml");
}

TEST(ReportTarget, RefusesWhatIsNone) {
  EXPECT_THAT(ReportTarget::parse("xunit:a").error().message(),
              HasSubstr("'xunit' is no format; accepted: html, junit, ktap, github, markdown, kcidb, lkp, jsonl, csv"));
  for (const char* text : {"junit", "junit:"})
    EXPECT_THAT(ReportTarget::parse(text).error().message(), HasSubstr("says no file"));
}

}  // namespace
}  // namespace ktstr
