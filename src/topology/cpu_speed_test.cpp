// SPDX-License-Identifier: Apache-2.0
#include "ktstr/cpu_speed.h"

#include <gmock/gmock.h>

namespace ktstr {
namespace {

using ::testing::HasSubstr;

TEST(CpuSpeed, IsReadFromItsText) {
  EXPECT_EQ(*parse_cpu_speed("40%"), 40);
  for (const char* text : {"", "40", "%", "0%", "101%", "4 %", "-1%"}) EXPECT_FALSE(parse_cpu_speed(text)) << text;
}

TEST(CpuSpeed, OfSeveralIsWrittenAndReadAgain) {
  const std::vector<CpuSpeed> speeds = {{CpuSet::range(4, 7), 40}, {CpuSet{0, 9}, 5}};
  EXPECT_EQ(to_string(speeds), "4-7=40%;0,9=5%");
  EXPECT_EQ(*cpu_speeds_from("4-7=40%;0,9=5%"), speeds);
  EXPECT_TRUE(cpu_speeds_from("")->empty());
  EXPECT_FALSE(cpu_speeds_from("4-7"));
}

TEST(CpuSpeed, IsOfCpusThatAreThere) {
  EXPECT_TRUE(check_cpu_speed({CpuSet{3}, 1}, 4));
  EXPECT_THAT(check_cpu_speed({CpuSet{3, 4}, 40}, 4).error().message(),
              HasSubstr("CPUs 3-4: the machine has 4 CPUs (0-3)"));
  EXPECT_THAT(check_cpu_speed({CpuSet{1}, 0}, 4).error().message(), HasSubstr("accepted: 1% to 100%"));
  EXPECT_FALSE(check_cpu_speed({CpuSet(), 40}, 4));
}

}  // namespace
}  // namespace ktstr
