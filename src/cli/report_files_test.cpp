// SPDX-License-Identifier: Apache-2.0
#include "cli/report_files.h"

#include <gmock/gmock.h>

#include "base/file.h"

namespace ktstr::cli {
namespace {

using ::testing::HasSubstr;

class ReportFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = TempDir::create(fs::temp_directory_path(), "ktstr-reports-test");
    ASSERT_TRUE(made);
    directory_.emplace(*std::move(made));
  }
  fs::path path(const std::string& name) const { return directory_->path() / name; }
  ReportFiles files(const std::string& text) const { return ReportFiles(*ReportFiles::parse(text)); }
  static void add(ReportFiles& files, const std::string& test) {
    RunRecord record;
    record.test = test;
    files.add(record);
  }
  std::optional<TempDir> directory_;
};

TEST_F(ReportFilesTest, AreWrittenIntoDirectoriesThatAreMade) {
  ReportFiles made = files(fmt::format("lkp:{} csv:{}", path("a/b/c.txt").string(), path("a/runs.csv").string()));
  ASSERT_TRUE(made.prepare());
  add(made, "one");
  add(made, "two");
  EXPECT_EQ(*made.write(), "");
  EXPECT_THAT(*read_text(path("a/b/c.txt")), HasSubstr("two.pass: 1\n"));
  EXPECT_THAT(*read_text(path("a/runs.csv")), HasSubstr("\"one\""));
}

TEST_F(ReportFilesTest, OfATestEachWhereThePathSaysSo) {
  ReportFiles made = files(fmt::format("lkp:{}", path("{test}.lkp").string()));
  for (const char* test : {"one", "../two", ".three", "one"}) add(made, test);
  ASSERT_TRUE(made.write());
  EXPECT_THAT(*read_text(path("one.lkp")), HasSubstr("one.pass: 2\n"));
  EXPECT_TRUE(fs::exists(path("_.._two.lkp"))) << "no name leads out of the directory";
  EXPECT_TRUE(fs::exists(path("_.three.lkp")));
}

TEST_F(ReportFilesTest, ADashIsStandardOutputWhichIsTakenOrShared) {
  ReportFiles ktap = files("ktap:-");
  EXPECT_TRUE(ktap.takes_output());
  add(ktap, "one");
  EXPECT_EQ(*ktap.write(), "KTAP version 1\n1..1\nok 1 one\n");
  EXPECT_FALSE(files("github:-").takes_output());
  EXPECT_FALSE(files("").takes_output());
}

TEST_F(ReportFilesTest, WhatCannotBeWrittenIsSaidBefore) {
  ASSERT_TRUE(write_text(path("file"), ""));
  const Status ready = files(fmt::format("lkp:{}", path("file/a.lkp").string())).prepare();
  ASSERT_FALSE(ready);
  EXPECT_THAT(ready.error().message(), HasSubstr("--report lkp:"));
  EXPECT_FALSE(ReportFiles::parse("lkp:a  xunit:b"));
  fs::create_directory(path("directory"));
  EXPECT_THAT(files(fmt::format("html:{}", path("directory").string())).prepare().error().message(),
              HasSubstr("is a directory"));
  EXPECT_THAT(files(fmt::format("lkp:{0} csv:{0}", path("same").string())).prepare().error().message(),
              HasSubstr("lkp goes there, too"));
}

TEST_F(ReportFilesTest, OneThatCannotBeWrittenKeepsNoOtherBack) {
  ReportFiles both = files(fmt::format("lkp:/dev/full csv:{}", path("b.csv").string()));
  add(both, "steady");
  const auto written = both.write();
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message(), HasSubstr("--report lkp:/dev/full"));
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
  EXPECT_THAT(*read_text(path("b.csv")), HasSubstr("steady"));
}

}  // namespace
}  // namespace ktstr::cli
