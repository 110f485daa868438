// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ktstr/topology.h"

namespace ktstr {
namespace {

TEST(CpuSetParse, ReadsWhatTheKernelWrites) {
  EXPECT_EQ(*CpuSet::parse("0-3,8"), (CpuSet{0, 1, 2, 3, 8}));
  EXPECT_EQ(*CpuSet::parse("5\n"), CpuSet{5});
  EXPECT_EQ(*CpuSet::parse(""), CpuSet{});
  EXPECT_EQ(*CpuSet::parse("\n"), CpuSet{});
  EXPECT_EQ(CpuSet::parse("0-4095")->size(), 4096u);
}

TEST(CpuSetParse, RefusesEverythingElse) {
  for (const char* text : {"a", "0-", "-3", "3-1", "0,", ",0", "0,,1", "0 1", " 0", "0-3:1/2", "4096", "0-4096",
                           "0\n\n", "99999999999999999999", "+1", "0x1"})
    EXPECT_EQ(CpuSet::parse(text).error().code(), ErrorCode::kInvalidArgument) << text;
}

TEST(CpuSetParseLenient, TakesWhatItCanRead) {
  EXPECT_EQ(CpuSet::parse_lenient(" 0-3, x, 8 \n").to_string(), "0-3,8");
  EXPECT_EQ(CpuSet::parse_lenient("3-1,,5,4096,-2,1 2,7-").to_string(), "5");
  EXPECT_EQ(CpuSet::parse_lenient("1\t,\t2").to_string(), "1-2");
  EXPECT_TRUE(CpuSet::parse_lenient("").empty());
  EXPECT_TRUE(CpuSet::parse_lenient("none").empty());
}

TEST(CpuSetToString, IsCanonical) {
  EXPECT_EQ(CpuSet::parse("8,2,0-1,3")->to_string(), "0-3,8");
  EXPECT_EQ((CpuSet{0, 1, 3}).to_string(), "0-1,3");
  EXPECT_EQ(CpuSet{}.to_string(), "");
}

TEST(CpuSet, HasTheOperationsOfASet) {
  const CpuSet low = CpuSet::range(0, 3), mid = CpuSet::range(2, 5);
  EXPECT_EQ(low.intersection(mid).to_string(), "2-3");
  EXPECT_EQ(low.union_with(mid).to_string(), "0-5");
  EXPECT_EQ(low.minus(mid).to_string(), "0-1");
  EXPECT_TRUE((CpuSet{2}).is_subset_of(low));
  EXPECT_TRUE(CpuSet{}.is_subset_of(low));
  EXPECT_FALSE(mid.is_subset_of(low));
  EXPECT_TRUE(CpuSet::range(3, 2).empty());
  EXPECT_EQ(mid.first(), 2);
}

}  // namespace
}  // namespace ktstr
