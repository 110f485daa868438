// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <gtest/gtest.h>

namespace ktstr::cli {
namespace {

using namespace std::chrono_literals;

TEST(ProgressText, SaysHowFarItIs) {
  EXPECT_EQ(progress_text({.total = 40, .running = 2, .jobs = 2}), "0 of 40 done, 2 running");
  EXPECT_EQ(progress_text({.total = 40, .done = 12, .failed = 1, .running = 2, .jobs = 2, .busy = 120s}),
            "12 of 40 done, 2 running, 1 failed, about 3 min left");
  EXPECT_EQ(progress_text({.total = 40, .done = 39, .running = 1, .jobs = 1, .busy = 39s}),
            "39 of 40 done, 1 running, about 2 s left");
  EXPECT_EQ(progress_text({.total = 100000, .done = 1, .running = 1, .jobs = 1, .busy = 1s}),
            "1 of 100000 done, 1 running, about 28 h left");
  EXPECT_EQ(progress_text({.total = 2, .done = 2, .jobs = 1, .busy = 1s}), "2 of 2 done, 0 running");
}

std::string shown(Progress::Kind kind, const std::vector<PoolState>& states) {
  testing::internal::CaptureStderr();
  {
    Progress progress(kind);
    for (const PoolState& state : states) progress.show(state);
  }
  return testing::internal::GetCapturedStderr();
}

TEST(Progress, WithoutATerminalIsAPlainLineEveryTenSeconds) {
  const auto at = [](std::uint64_t done, std::chrono::nanoseconds elapsed) {
    return PoolState{.total = 9, .done = done, .running = 1, .busy = elapsed, .elapsed = elapsed};
  };
  EXPECT_EQ(shown(Progress::Kind::kPlain, {at(1, 2s), at(3, 9s), at(4, 12s), at(5, 15s), at(7, 22s), at(7, 40s)}),
            "ktstr: 4 of 9 done, 1 running, about 16 s left\nktstr: 7 of 9 done, 1 running, about 7 s left\n");
}

TEST(Progress, OnATerminalIsOneLineThatIsGoneInTheEnd) {
  const std::string text = shown(Progress::Kind::kTerminal, {{.total = 2, .running = 2}, {.total = 2, .running = 2}});
  EXPECT_EQ(text, "\r\x1b[K0 of 2 done, 2 running\r\x1b[K");
}

TEST(Progress, IsNothingForASingleRunOrWhenAProgramReads) {
  EXPECT_EQ(shown(Progress::Kind::kTerminal, {{.total = 1, .running = 1}}), "");
  EXPECT_EQ(shown(Progress::Kind::kNone, {{.total = 9, .done = 4, .elapsed = 100s}}), "");
}

}  // namespace
}  // namespace ktstr::cli
