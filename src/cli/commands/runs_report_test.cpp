// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/runs_report.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace ktstr::cli {
namespace {

using ::testing::HasSubstr;

RunRecord kept_run(Outcome outcome) {
  RunRecord record;
  record.id = "20261124-013855.417-steady-3fa2";
  record.test = "steady";
  record.outcome = outcome;
  record.kernel = "7.3.4+deb13-cloud-amd64";
  record.mode = "det";
  record.scheduler().command = "/somewhere/scx_mine --slice 5/7";
  record.tuple.seed = 7;
  if (outcome != Outcome::kPass) record.details = {{Verdict::kFail, DetailKind::kStuck, "worker 3\x1b[2J\nof cg_0"}};
  return record;
}

TEST(RunsReport, HasALineForEach) {
  const std::string text = runs_list_text({kept_run(Outcome::kPass), kept_run(Outcome::kFail)}, 2);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_THAT(text, HasSubstr("20261124-013855.417-steady-3fa2  pass"));
  EXPECT_THAT(text, HasSubstr("  scx_mine --slice 5/7  "));
  EXPECT_THAT(text, HasSubstr("worker 3\\u001b[2J\n")) << "one line, and nothing for the terminal";
}

TEST(RunsReport, IsFittedToTheTerminal) {
  RunRecord failed = kept_run(Outcome::kInconclusive);
  failed.details[0].message = std::string(50, 'x') + " and so on, for much longer than a terminal is wide";
  for (const std::size_t columns : {60U, 80U, 100U, 132U}) {
    std::istringstream text(runs_list_text({kept_run(Outcome::kPass), failed}, 2, columns));
    std::string all;
    for (std::string line; std::getline(text, line); all += line + "\n") EXPECT_LE(line.size(), columns) << line;
    EXPECT_THAT(all, HasSubstr("  xxxxx")) << columns;
    EXPECT_THAT(all, HasSubstr("20261124-013855.417-steady-3fa2  inconclusive")) << columns;
    if (columns == 60U) {
      EXPECT_THAT(all, HasSubstr("too narrow for kernel"));
    }
  }
}

TEST(RunsReport, SaysWhereThereAreMoreOrNone) {
  EXPECT_THAT(runs_list_text({kept_run(Outcome::kPass)}, 30), HasSubstr("the newest 1 of 30; -n N shows more"));
  EXPECT_THAT(runs_list_text({}, 0), HasSubstr("no such runs"));
}

TEST(RunsReport, AsJsonHasWhatTellsThemApart) {
  const auto list = nlohmann::json::parse(runs_list_json({kept_run(Outcome::kFail)}));
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].at("outcome"), "fail");
  EXPECT_EQ(list[0].at("kind"), "stuck");
  EXPECT_EQ(list[0].at("seed"), "7");
}

}  // namespace
}  // namespace ktstr::cli
