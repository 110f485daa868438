// SPDX-License-Identifier: Apache-2.0
#include "trace/probes/holds.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using testing::HasSubstr;

TEST(Schedule, ComesBackFromItsText) {
  for (const std::string text :
       {"", "take_mail+0x2d to take_mail+0x54 until write", "f+0x0 to g+0x1 until access times 3",
        "f+0x0 to g+0x1 until write count 3 times 2",
        "f+0x0 to g+0x1 until write times 2-5 most 100; f+0x2 to g+0x3 until write times 7-",
        "f.cold+0x0 to g+0x1 until write most 5 in update_curr,pick_eevdf; f+0x2 to g+0x3 until write in "
        "kernel/sched"}) {
    const auto schedule = parse_schedule(text);
    ASSERT_TRUE(schedule) << text << ": " << schedule.error().message();
    EXPECT_EQ(to_text(*schedule), text);
  }
}

TEST(Schedule, SaysWhatIsWrong) {
  const auto why = [](std::string_view text) {
    const auto schedule = parse_schedule(text);
    return schedule ? std::string("accepted") : schedule.error().message();
  };
  EXPECT_THAT(why("f+0x2d"), HasSubstr("it begins with two places"));
  EXPECT_THAT(why("f+0x2d to g"), HasSubstr("it begins with two places"));
  EXPECT_THAT(why("f+0x1 to g+0x2 until read"), HasSubstr("until 'read'; it is 'write' or 'access'"));
  EXPECT_THAT(why("f+0x1 to g+0x2 times 0"), HasSubstr("a number from 1 on"));
  EXPECT_THAT(why("f+0x1 to g+0x2 times 3-2"), HasSubstr("or a range"));
  EXPECT_THAT(why("f+0x1 to g+0x2 count 0"), HasSubstr("count '0'; it is a number from 1 on"));
  EXPECT_THAT(why("f+0x1 to g+0x2 most 0"), HasSubstr("instructions, from 1 on"));
  EXPECT_THAT(why("f+0x1 to g+0x2 most"), HasSubstr("'most' needs a value"));
  EXPECT_THAT(why("f+0x1 to g+0x2 for 3"), HasSubstr("'for' is not known"));
  EXPECT_THAT(why("f+0x1 to g+0x2 in a+b"), HasSubstr("'a+b' is not the name of a function of the kernel"));
  std::string many;
  for (std::size_t i = 0; i <= control::kMostHolds; ++i) many += "f+0x1 to g+0x2;";
  EXPECT_THAT(why(many), HasSubstr("there is room for 16"));
}

TEST(Schedule, IsPlacedInTheKernelWhereTheSchedulerHasNoSuchFunction) {
  const std::vector<BpfFunction> bpf = {{.name = "f", .start = 100, .end = 110}};
  const std::vector<KernelFunction> kernel = {{"f", 300, 310}, {"g", 400, 410}};
  const auto placed = placed_holds(*parse_schedule("f+0x1 to g+0x2"), bpf, kernel);
  ASSERT_TRUE(placed) << placed.error().message();
  EXPECT_EQ(placed->front().first, 101u);
  EXPECT_EQ(placed->front().second, 402u);
  EXPECT_FALSE(placed_holds(*parse_schedule("g+0xa to g+0x2"), bpf, kernel)) << "it ends before";
}

TEST(Schedule, IsPlacedInTheFunctionsThatAreThere) {
  const auto schedule = parse_schedule("f+0x1 to g+0x2 until access count 4 times 2");
  const std::vector<BpfFunction> functions = {{.name = "f", .start = 100, .end = 110},
                                              {.name = "g", .start = 200, .end = 203}};
  const auto placed = placed_holds(*schedule, functions);
  ASSERT_TRUE(placed) << placed.error().message();
  ASSERT_EQ(placed->size(), 1u);
  EXPECT_EQ(placed->front().first, 101u);
  EXPECT_EQ(placed->front().second, 202u);
  EXPECT_EQ(placed->front().from, 2u);
  EXPECT_EQ(placed->front().to, 2u);
  EXPECT_EQ(placed->front().count, 4u);
  EXPECT_EQ(placed->front().stores_only, 0u);
  EXPECT_EQ(placed->front().most, PlannedHold::kMostInstructions);
  const auto beyond = placed_holds(*parse_schedule("f+0x1 to g+0x3"), functions);
  ASSERT_FALSE(beyond);
  EXPECT_THAT(beyond.error().message(), HasSubstr("no code at g+0x3"));
}

}  // namespace
}  // namespace ktstr
