// SPDX-License-Identifier: Apache-2.0
#include "workload/task/sched_class.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"

namespace ktstr {
namespace {

using Kind = SchedPolicy::Kind;

constexpr const char* kOnExt =
    "worker (12, #threads: 1)\n-----------\npolicy                                       :                    0\n"
    "ext.enabled                                  :                    1\n";
constexpr const char* kOnFair = "worker (12, #threads: 1)\next.enabled      :    0\n";

class SchedClassOfAFile : public ::testing::Test {
 protected:
  void say(int tid, const char* text) {
    fs::create_directories(proc_.path() / std::to_string(tid));
    ASSERT_TRUE(write_atomically(proc_.path() / std::to_string(tid) / "sched", as_byte_span(std::string_view(text))));
  }
  std::string root() const { return proc_.path().string(); }
  TempDir proc_ = *TempDir::create(fs::temp_directory_path(), "sched-class");
};

TEST_F(SchedClassOfAFile, IsWhatTheKernelSaysOfExt) {
  say(12, kOnExt);
  EXPECT_EQ(SchedClassReader(root()).of(12, Kind::kNormal), "ext");
  say(12, kOnFair);
  EXPECT_EQ(SchedClassReader(root()).of(12, Kind::kNormal), "fair");
}

TEST_F(SchedClassOfAFile, IsFairOnAKernelWithoutSchedExt) {
  say(12, "worker (12, #threads: 1)\nprio : 120\n");
  EXPECT_EQ(SchedClassReader(root()).of(12, Kind::kIdle), "fair");
}

TEST_F(SchedClassOfAFile, IsThatOfThePolicyForRealTimeAndDeadlineTasks) {
  say(12, kOnExt);
  SchedClassReader reader(root());
  EXPECT_EQ(reader.of(12, Kind::kFifo), "rt");
  EXPECT_EQ(reader.of(12, Kind::kRr), "rt");
  EXPECT_EQ(reader.of(12, Kind::kDeadline), "deadline");
}

TEST_F(SchedClassOfAFile, IsNotKnownOfATaskThatIsGone) {
  SchedClassReader reader(root());
  EXPECT_EQ(reader.of(12, Kind::kNormal), "");
  say(13, kOnExt);
  EXPECT_EQ(reader.of(13, Kind::kNormal), "ext");
}

// With SCX_OPS_SWITCH_PARTIAL two policies of one group are in two classes.
TEST_F(SchedClassOfAFile, IsLookedUpOnceForEachPolicy) {
  say(12, kOnFair);
  say(13, kOnExt);
  SchedClassReader reader(root());
  EXPECT_EQ(reader.of(12, Kind::kNormal), "fair");
  EXPECT_EQ(reader.of(13, Kind::kExt), "ext");
  EXPECT_EQ(reader.of(99, Kind::kNormal), "fair");
}

TEST(SchedClass, OfThisProcessIsOneThatThereIs) {
  const std::string seen = SchedClassReader("/proc").of(::getpid(), Kind::kNormal);
  EXPECT_TRUE(seen == "fair" || seen == "ext" || seen.empty()) << seen;
}

TEST(SchedClass, IsListedOnceHoweverOftenItIsSeen) {
  std::string seen;
  for (const char* now : {"", "ext", "ext", "rt", "ext+rt", "fair", ""}) add_sched_class(seen, now);
  EXPECT_EQ(seen, "ext+rt+fair");
}

}  // namespace
}  // namespace ktstr
