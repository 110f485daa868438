// SPDX-License-Identifier: Apache-2.0
#include "runner/judge/judge_use.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

GuestStory story_of(const std::vector<std::pair<std::string, std::string>>& workers) {
  GuestStory story;
  story.scheduler().attached =
      SchedulerRecord{.kind = SchedulerRecord::Kind::kAttached, .state = "enabled", .ops = "qmap"};
  for (const auto& [cgroup, classes] : workers) {
    WorkerReport report;
    report.cgroup = cgroup;
    report.sched_class = classes;
    story.workers.push_back(report);
  }
  return story;
}

RunRecord judged_use(const GuestStory& story, std::optional<bool> scheduler_used = {}) {
  RunRequest request{.settings = {.test = "t"}, .scheduler = "scx_qmap -p"};
  request.settings.checks.scheduler_used = scheduler_used;
  RunRecord record;
  record.scheduler().ops = "qmap";
  judge_use(request, story, record);
  return record;
}

TEST(JudgeUse, SaysHowManyWorkersTheSchedulerRan) {
  const RunRecord record = judged_use(story_of({{"a", "ext"}, {"a", "ext"}}));
  EXPECT_TRUE(record.details.empty());
  ASSERT_EQ(record.checked.size(), 1u);
  EXPECT_EQ(record.checked[0].text, "scheduler_used: it ran 2 of 2 workers");
}

TEST(JudgeUse, IsInconclusiveWhenItRanNone) {
  const RunRecord record = judged_use(story_of({{"a", "fair"}, {"b", "fair"}}));
  ASSERT_EQ(record.details.size(), 1u);
  EXPECT_EQ(record.details[0].verdict, Verdict::kInconclusive);
  EXPECT_EQ(record.details[0].kind, DetailKind::kSchedulerNotUsed);
  EXPECT_THAT(record.details[0].message, HasSubstr("'qmap' was enabled and ran none of the workers: 2 in class fair"));
  EXPECT_THAT(record.details[0].message, HasSubstr("SCX_OPS_SWITCH_PARTIAL"));
}

TEST(JudgeUse, BlamesThePolicyAndNotTheSchedulerForRealTimeWorkers) {
  const RunRecord record = judged_use(story_of({{"a", "rt"}}));
  ASSERT_EQ(record.details.size(), 1u);
  EXPECT_THAT(record.details[0].message, HasSubstr("before those of any sched_ext scheduler"));
  EXPECT_THAT(record.details[0].message, Not(HasSubstr("SCX_OPS_SWITCH_PARTIAL")));
}

TEST(JudgeUse, SaysNothingWhereTheTestMeansIt) {
  const RunRecord record = judged_use(story_of({{"a", "fair"}}), false);
  EXPECT_TRUE(record.details.empty());
  EXPECT_TRUE(record.checked.empty());
}

TEST(JudgeUse, NamesTheCgroupsThatItDidNotRunInANote) {
  const RunRecord record = judged_use(story_of({{"a", "ext"}, {"rt_0", "rt"}, {"rt_0", "rt"}, {"", "fair"}}));
  ASSERT_EQ(record.details.size(), 1u);
  EXPECT_EQ(record.details[0].kind, DetailKind::kNote);
  EXPECT_EQ(record.details[0].message,
            "the scheduler did not run the workers of: outside of the cgroups (fair), rt_0 (rt)");
}

// A scheduler that is gone at the end, or workers whose policy an op changed.
TEST(JudgeUse, CountsWorkersThatWereOnExtForAPartOfTheTime) {
  EXPECT_TRUE(judged_use(story_of({{"a", "ext+fair"}, {"b", "ext+rt"}})).details.empty());
}

// Where its end is judged_use that says it all; where it is not, nothing else does.
TEST(JudgeUse, LooksAtASchedulerThatEndedOnlyWhereItsEndIsNotJudged) {
  GuestStory story = story_of({{"a", "fair"}});
  story.scheduler().exited = SchedulerRecord{.kind = SchedulerRecord::Kind::kExited, .exit = "exited with status 0"};
  EXPECT_TRUE(judged_use(story).details.empty());
  RunRequest request{.settings = {.test = "t"}, .scheduler = "scx_qmap"};
  request.settings.checks.scheduler_attached = false;
  RunRecord record;
  judge_use(request, story, record);
  ASSERT_EQ(record.details.size(), 1u);
  EXPECT_EQ(record.details[0].kind, DetailKind::kSchedulerNotUsed);
  EXPECT_EQ(record.details[0].verdict, Verdict::kInconclusive);
}

TEST(JudgeUse, NotesAKernelThatDoesNotTell) {
  const RunRecord record = judged_use(story_of({{"a", ""}}));
  ASSERT_EQ(record.details.size(), 1u);
  EXPECT_EQ(record.details[0].kind, DetailKind::kNote);
  EXPECT_THAT(record.details[0].message, HasSubstr("is not known"));
}

TEST(JudgeUse, HasNothingToSayWithoutWorkersOrWithoutAScheduler) {
  EXPECT_TRUE(judged_use(story_of({})).details.empty());
  GuestStory never_attached = story_of({{"a", "fair"}});
  never_attached.scheduler().attached.reset();
  EXPECT_TRUE(judged_use(never_attached).details.empty());
}

}  // namespace
}  // namespace ktstr
