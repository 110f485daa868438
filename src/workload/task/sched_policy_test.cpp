// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ktstr/work.h"

namespace ktstr {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using namespace std::chrono_literals;
using Kind = SchedPolicy::Kind;

std::string refusal(const SchedPolicy& policy) {
  const Status status = policy.validate();
  if (status) return "(accepted)";
  EXPECT_EQ(status.error().code(), ErrorCode::kInvalidArgument);
  return status.error().message();
}

TEST(SchedPolicy, AcceptsEveryPolicyAtTheEdgesOfItsRange) {
  for (const SchedPolicy& policy :
       {SchedPolicy::normal(), SchedPolicy::batch(), SchedPolicy::idle(), SchedPolicy::ext(), SchedPolicy::fifo(1),
        SchedPolicy::fifo(97), SchedPolicy::rr(1), SchedPolicy::rr(97),
        SchedPolicy::deadline_of(1024ns, 1024ns, 1024ns), SchedPolicy::deadline_of(2ms, 10ms, 20ms)})
    EXPECT_EQ(refusal(policy), "(accepted)") << policy.describe();
}

TEST(SchedPolicy, SaysWhichRealTimePrioritiesThereAre) {
  for (const int priority : {-1, 0, 100}) {
    EXPECT_THAT(refusal(SchedPolicy::fifo(priority)),
                AllOf(HasSubstr(fmt::format("fifo({0}) has priority {0}", priority)),
                      HasSubstr("from 1 (lowest) to 97 (highest), like fifo(50)")));
    EXPECT_THAT(refusal(SchedPolicy::rr(priority)), HasSubstr("like rr(50)"));
  }
}

TEST(SchedPolicy, RefusesWhatWouldRunAboveTheTestsBody) {
  for (const int priority : {98, 99})
    for (const SchedPolicy& policy : {SchedPolicy::fifo(priority), SchedPolicy::rr(priority)})
      EXPECT_THAT(refusal(policy), HasSubstr("the test's body and the agent have the priorities 98 and 99"))
          << priority;
}

TEST(SchedPolicy, RefusesAPriorityWhereThereIsNone) {
  for (const Kind kind : {Kind::kNormal, Kind::kBatch, Kind::kIdle, Kind::kExt, Kind::kDeadline})
    EXPECT_THAT(refusal({.kind = kind, .priority = 7}), HasSubstr("has priority 7; only fifo and rr have one"));
}

TEST(SchedPolicy, SaysWhichOfTheDeadlineTimesIsOutOfOrder) {
  EXPECT_THAT(refusal(SchedPolicy::deadline_of(1023ns, 10ms, 10ms)),
              AllOf(HasSubstr("the runtime 1.023us is shorter than 1024 ns"),
                    HasSubstr("1024 ns <= runtime <= deadline <= period, like 2ms, 10ms and 10ms")));
  EXPECT_THAT(refusal(SchedPolicy::deadline_of(-5ns, 10ms, 10ms)), HasSubstr("the runtime -5ns is shorter"));
  EXPECT_THAT(refusal(SchedPolicy::deadline_of(11ms, 10ms, 10ms)),
              HasSubstr("the runtime 11ms is longer than the deadline 10ms"));
  EXPECT_THAT(refusal(SchedPolicy::deadline_of(2ms, 11ms, 10ms)),
              HasSubstr("the deadline 11ms is longer than the period 10ms"));
  EXPECT_THAT(refusal(SchedPolicy::deadline_of(2ms, 10ms, 0ms)), HasSubstr("longer than the period 0s"));
  EXPECT_THAT(refusal(SchedPolicy::deadline_of(2ms, 10ms, 9'000'000'000s)), HasSubstr("is longer than 4294.967295s"));
}

TEST(SchedPolicy, RefusesDeadlineTimesOfOtherPolicies) {
  EXPECT_THAT(refusal({.kind = Kind::kFifo, .priority = 1, .runtime = 1ms}), HasSubstr("which only deadline has"));
  EXPECT_THAT(refusal({.kind = Kind::kNormal, .period = 1ms}), HasSubstr("which only deadline has"));
}

TEST(SchedPolicy, DescribesItselfWithItsParameters) {
  EXPECT_EQ(SchedPolicy::normal().describe(), "normal");
  EXPECT_EQ(SchedPolicy::batch().describe(), "batch");
  EXPECT_EQ(SchedPolicy::idle().describe(), "idle");
  EXPECT_EQ(SchedPolicy::ext().describe(), "ext");
  EXPECT_EQ(SchedPolicy::fifo(50).describe(), "fifo(50)");
  EXPECT_EQ(SchedPolicy::rr(3).describe(), "rr(3)");
  EXPECT_EQ(SchedPolicy::deadline_of(2ms, 10ms, 10ms).describe(), "deadline(2ms/10ms/10ms)");
}

}  // namespace
}  // namespace ktstr
