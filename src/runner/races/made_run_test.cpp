// SPDX-License-Identifier: Apache-2.0
#include "runner/races/made_run.h"

#include <gmock/gmock.h>

#include <fstream>

#include "base/file.h"

namespace ktstr {
namespace {

MadeRun forced_run() {
  return {.schedule = "f+0x1 to g+0x2 until write",
          .seed = 7,
          .decided = true,
          .failed = true,
          .id = "20260101-racy",
          .run_dir = "/runs/20260101-racy",
          .kind = "stuck",
          .message = "a \"message\"",
          .digest = "abc",
          .replay_command = "ktstr replay x",
          .repeat_command = "ktstr run x",
          .holds = {{.hold = 1, .times = 3, .end = control::HoldChange::kMet}},
          .nothing_new = true};
}

TEST(MadeRuns, AreThereForTheNextSearch) {
  const auto dir = TempDir::create(fs::temp_directory_path(), "made-runs");
  const fs::path file = dir->path() / "races" / "abc-1.jsonl";
  auto made = MadeRuns::open(file, false);
  ASSERT_TRUE(made) << made.error().message();
  ASSERT_TRUE(made->add(forced_run()));
  const auto later = MadeRuns::open(file, true);
  ASSERT_TRUE(later);
  const auto found = later->find("f+0x1 to g+0x2 until write", 7);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->decided);
  EXPECT_TRUE(found->failed);
  EXPECT_TRUE(found->nothing_new);
  EXPECT_EQ(found->id, "20260101-racy");
  EXPECT_EQ(found->run_dir, "/runs/20260101-racy");
  EXPECT_EQ(found->kind, "stuck");
  EXPECT_EQ(found->message, "a \"message\"");
  EXPECT_EQ(found->digest, "abc");
  EXPECT_EQ(found->replay_command, "ktstr replay x");
  EXPECT_EQ(found->repeat_command, "ktstr run x");
  ASSERT_EQ(found->holds.size(), 1u);
  EXPECT_EQ(found->holds[0].hold, 1u);
  EXPECT_EQ(found->holds[0].times, 3u);
  EXPECT_TRUE(found->holds[0].is_met());
  EXPECT_FALSE(later->find("f+0x1 to g+0x2 until write", 8));
  const auto anew = MadeRuns::open(file, false);
  ASSERT_TRUE(anew);
  EXPECT_EQ(anew->size(), 0u);
  EXPECT_EQ(MadeRuns::open(file, true)->size(), 0u);
}

TEST(MadeRuns, ALineThatWasCutShortIsLeftOut) {
  const auto dir = TempDir::create(fs::temp_directory_path(), "made-runs");
  const fs::path file = dir->path() / "abc-1.jsonl";
  ASSERT_TRUE(MadeRuns::open(file, true)->add(forced_run()));
  std::ofstream(file, std::ios::app) << R"({"schedule": "f", "seed": 1, "deci)"
                                     << "\n[]\n{}\n";
  EXPECT_EQ(MadeRuns::open(file, true)->size(), 1u);
}

}  // namespace
}  // namespace ktstr
