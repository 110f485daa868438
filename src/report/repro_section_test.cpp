// SPDX-License-Identifier: Apache-2.0
#include "report/repro_section.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

RunRecord replayed() {
  RunRecord record{.id = "a", .digest = "d1", .body_start_ns = 1'000'000'000};
  record.repro = Repro{.run = "b", .digest = "d1", .stack = {"scx_vexit", "ktstr_dispatch"}};
  return record;
}

TEST(ReproSection, HasTheCallsWithTheirPlaces) {
  RunRecord record = replayed();
  record.repro->parts = {
      {.what = "load/2[106], which the kernel names",
       .pid = 106,
       .calls = 7,
       .lines = {{.at_ns = 1'023'451'000, .cpu = 1, .words = "f(p load/2[106]) -> 1", .took_ns = 1500},
                 {.at_ns = 1'023'452'000, .cpu = 1, .depth = 1, .words = "it goes into a queue"},
                 {.at_ns = 999'000'000, .cpu = 0, .words = "g()", .is_open = true}}},
      {.what = "CPU 0, where it was ended"}};
  EXPECT_THAT(
      repro_lines(record),
      ElementsAre("ktstr replay a with probes: the same digest (run b)", "stack: scx_vexit < ktstr_dispatch",
                  "load/2[106], which the kernel names; the last of 7 calls:",
                  "    0.023451 [001] f(p load/2[106]) -> 1  (1.50us)", "    0.023452 [001]   it goes into a queue",
                  "   -0.001000 [000] g()  (had not ended)", "CPU 0, where it was ended; nothing was called for it:"));
}

TEST(ReproSection, SaysWhatIsNotKnown) {
  EXPECT_TRUE(repro_lines({}).empty());
  RunRecord record = replayed();
  record.repro->digest = "d2";
  EXPECT_THAT(repro_lines(record).front(), HasSubstr("NOT the same digest"));
  record.repro->why_not = "its replay did not fail the same way";
  EXPECT_THAT(repro_lines(record).front(), HasSubstr("(run b); its replay did not"));
  record.repro->det_runs = 3;
  EXPECT_THAT(repro_lines(record).front(), testing::StartsWith("it failed the same way in run 3 in det mode; ktstr"));
  record.repro = Repro{.why_not = "there is nothing to probe"};
  EXPECT_THAT(repro_lines(record), ElementsAre("it was not replayed: there is nothing to probe"));
}

}  // namespace
}  // namespace ktstr
