// SPDX-License-Identifier: Apache-2.0
#include "results/batch_result.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using ::testing::ElementsAre;

Cell cell_of(std::size_t test, std::map<Outcome, int> counts, std::uint64_t runs = 1) {
  Cell cell;
  cell.test_index = test;
  cell.counts = std::move(counts);
  cell.runs = runs;
  return cell;
}

TEST(BatchResult, CountsTestsByTheWorstOfTheirCells) {
  BatchResult found;
  found.cells = {cell_of(0, {{Outcome::kPass, 1}}), cell_of(0, {{Outcome::kFail, 1}}), cell_of(1, {}),
                 cell_of(2, {{Outcome::kSkip, 1}})};
  EXPECT_THAT(found.tests_by_outcome(), ElementsAre(std::pair(Outcome::kFail, 1), std::pair(Outcome::kSkip, 1)));
  EXPECT_EQ(found.tests_not_run(), 1);
  EXPECT_EQ(found.exit(), 1);
}

TEST(BatchResult, OfACellTheWorstRunCounts) {
  EXPECT_EQ(worst_outcome(cell_of(0, {{Outcome::kPass, 2}, {Outcome::kInfrastructure, 1}, {Outcome::kFail, 1}})),
            Outcome::kInfrastructure);
  EXPECT_EQ(worst_outcome(cell_of(0, {})), std::nullopt);
}

TEST(BatchResult, OfAnExplorationAFailureOutweighsASeedThatCouldNotBeRun) {
  Cell cell = cell_of(0, {{Outcome::kInfrastructure, 1}, {Outcome::kFail, 1}}, 3);
  cell.exploration =
      Exploration{.range = {1, 3}, .results = {{1, Outcome::kFail, "", ""}, {2, Outcome::kInfrastructure, "", ""}}};
  EXPECT_EQ(worst_outcome(cell), Outcome::kFail);
  EXPECT_EQ(cell.not_run(), 1U);
}

TEST(BatchResult, AnEmptyValueIsShownAsTheShellTakesIt) {
  EXPECT_EQ(describe({{"topology", "1n1l2c1t"}, {"scheduler", ""}}), "topology 1n1l2c1t, scheduler ''");
}

}  // namespace
}  // namespace ktstr
