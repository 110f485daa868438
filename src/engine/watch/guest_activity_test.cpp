// SPDX-License-Identifier: Apache-2.0
#include "engine/watch/guest_activity.h"

#include <gtest/gtest.h>

#include "base/activity.h"

namespace ktstr {
namespace {

using namespace std::chrono_literals;

GuestSample sample(Phase phase, std::uint64_t since_ms, std::uint64_t now_ms) {
  GuestSample sample;
  sample.agent_version = 1;
  sample.phase = static_cast<std::uint32_t>(phase);
  sample.phase_since_ns = since_ms * 1'000'000;
  sample.heartbeat_ns = now_ms * 1'000'000;
  return sample;
}

TEST(GuestActivity, NamesWhatIsWaitedForAndTheGuestsTime) {
  const PhaseLimits limits{.attach = 60s, .dispatch = 20s, .body = 40s, .teardown = 20s};
  EXPECT_EQ(guest_activity(GuestSample{}, limits), "its kernel boots");
  EXPECT_EQ(guest_activity(sample(Phase::kBoot, 0, 1200), limits), "guest at 1 s");
  EXPECT_EQ(guest_activity(sample(Phase::kAttach, 1000, 21000), limits),
            "waiting for the scheduler to attach, guest at 20 s of 60 s");
  EXPECT_EQ(guest_activity(sample(Phase::kBody, 2000, 5140), limits), "guest at 3.1 s");
  EXPECT_EQ(guest_activity(sample(Phase::kTeardown, 6000, 8000), limits),
            "waiting for the scheduler to unload, guest at 2 s of 20 s");
}

TEST(GuestActivity, SaysHowFarTheWorkersAre) {
  for (const auto& [iterations, text] : {std::pair<std::uint64_t, const char*>{99'999, "99999"},
                                         {123'456, "123k"},
                                         {12'345'678, "12.3M"},
                                         {UINT64_MAX, "18446744073709.6M"}})
    EXPECT_EQ(guest_activity(sample(Phase::kBody, 0, 1000), {}, iterations),
              std::string("guest at 1.0 s, ") + text + " iterations");
}

TEST(GuestActivity, SaysHowMuchOfTheBodyIsLeftAtItsPace) {
  const Activity running("running x");
  GuestActivity activity({}, 10s);
  const auto none = [] { return std::uint64_t{0}; };
  activity.say(sample(Phase::kBody, 1000, 2000), 1s, none);
  EXPECT_EQ(activities().at(0).text, "running x, guest at 1.0 s of 10.0 s");
  activity.say(sample(Phase::kBody, 1000, 3000), 5s, none);  // a second in four
  EXPECT_EQ(activities().at(0).text, "running x, guest at 2.0 s of 10.0 s, about 32 s left");
  activity.say(sample(Phase::kBody, 1000, 12000), 41s, none);
  EXPECT_EQ(activities().at(0).text, "running x, guest at 11.0 s of 10.0 s");
}

TEST(GuestActivity, AGuestThatLiesIsNotBelieved) {
  GuestSample lie = sample(Phase::kBody, 9000, 1000);
  EXPECT_EQ(guest_activity(lie, {}), "guest at 0.0 s");
  lie.phase = 77;
  EXPECT_EQ(guest_activity(lie, {}), "");
}

TEST(GuestActivity, IsSaidAboutTheActivityOfTheThread) {
  const Activity running("running x");
  GuestActivity activity({});
  const auto none = [] { return std::uint64_t{0}; };
  activity.say(sample(Phase::kBody, 0, 1000), 1s, none);
  activity.say(sample(Phase::kBody, 0, 2000), 1s + 10ms, none);  // too soon
  EXPECT_EQ(activities().at(0).text, "running x, guest at 1.0 s");
  activity.say(sample(Phase::kBody, 0, 2000), 2s, none);
  EXPECT_EQ(activities().at(0).text, "running x, guest at 2.0 s");
}

}  // namespace
}  // namespace ktstr
